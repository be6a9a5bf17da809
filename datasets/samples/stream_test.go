package samples_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// counting is a stream of the numbers 0, 1, … n−1 in blocks of the given sizes, which
// repeat. Sample i has the input [i, pass] and the target −i. All blocks use one memory.
// A block that begins at sample fail is an error instead.
func counting(n, fail int, blocks ...int) samples.StreamFunc {
	return func(ctx context.Context, pass int) iter.Seq2[*samples.Batch, error] {
		return func(yield func(*samples.Batch, error) bool) {
			x, y := make([]float64, 2*slices.Max(blocks)), make([]float64, slices.Max(blocks))
			for i, k := 0, 0; i < n; k++ {
				size := min(blocks[k%len(blocks)], n-i)
				if fail >= i && fail < i+size {
					yield(nil, errBroken)
					return
				}
				for j := range size {
					x[2*j], x[2*j+1], y[j] = float64(i+j), float64(pass), -float64(i+j)
				}
				b := &samples.Batch{
					Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(size, 2), tensor.WithBacking(x[:2*size]))},
					Targets: []*tensor.Dense{tensor.New(tensor.WithShape(size), tensor.WithBacking(y[:size]))},
				}
				if !yield(b, nil) {
					return
				}
				i += size
			}
		}
	}
}

var errBroken = errors.New("broken")

// readAll are the samples of the batches of a pass, and its error if that is not io.EOF.
func readAll(t *testing.T, s samples.Stream, pass int) ([][]int, error) {
	t.Helper()
	r, err := s.Open(t.Context(), pass)
	check(t, err)
	defer func() { check(t, r.Close()) }()
	var out [][]int
	var b samples.Batch
	for {
		err := r.Next(&b)
		if err != nil {
			if again := r.Next(&b); fmt.Sprint(again) != fmt.Sprint(err) {
				t.Errorf("after the error %v came %v", err, again)
			}
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		x, y := b.Inputs[0].Float64s(), b.Targets[0].Float64s()
		if len(x) != 2*len(y) || b.Inputs[0].Shape()[0] != len(y) {
			t.Fatalf("shapes %v and %v", b.Inputs[0].Shape(), b.Targets[0].Shape())
		}
		var list []int
		for i := range y {
			if x[2*i] != -y[i] || x[2*i+1] != float64(pass) {
				t.Fatalf("input %v of pass %d has the target %v", x[2*i:2*i+2], pass, y[i])
			}
			list = append(list, int(x[2*i]))
		}
		out = append(out, list)
	}
}

func TestStreamFunc(t *testing.T) {
	got, err := readAll(t, counting(7, -1, 3, 1), 4)
	check(t, err)
	if diff := cmp.Diff([][]int{{0, 1, 2}, {3}, {4, 5, 6}}, got); diff != "" {
		t.Error(diff)
	}
	got, err = readAll(t, counting(7, 3, 3, 1), 0)
	if len(got) != 1 || !errors.Is(err, errBroken) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := samples.StreamFunc(nil).Open(t.Context(), 0); err == nil {
		t.Error("a nil function is no error")
	}
	for _, bad := range []*samples.Batch{
		nil, {}, {Inputs: []*tensor.Dense{nil}},
		{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 2}))}},
		{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1, 2}))}, Targets: []*tensor.Dense{tensor.New(tensor.WithShape(3), tensor.WithBacking(make([]float64, 3)))}},
	} {
		one := samples.StreamFunc(func(context.Context, int) iter.Seq2[*samples.Batch, error] {
			return func(yield func(*samples.Batch, error) bool) { yield(bad, nil) }
		})
		for _, s := range []samples.Stream{one, samples.Rebatch{Stream: one}, samples.Prefetch{Stream: one}} {
			if _, err := readAll(t, s, 0); err == nil {
				t.Errorf("%T: no error for %v", s, bad)
			}
		}
	}
}

// Rebatch gives the samples in the order that a plain list gives.
func TestRebatch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n, size, buffer := random.IntN(40), 1+random.IntN(9), random.IntN(50)
		pass, seed, drop := random.IntN(5), random.Uint64(), random.IntN(2) == 0
		s := samples.Rebatch{Stream: counting(n, -1, 1+random.IntN(5), 1+random.IntN(20)), BatchSize: size, Shuffle: buffer, Seed: seed, DropRemainder: drop}
		got, err := readAll(t, s, pass)
		check(t, err)

		draws, order, held, next := rand.New(rand.NewPCG(seed, uint64(pass))), []int(nil), []int(nil), 0
		for {
			for ; next < n && len(held) < max(buffer, 1); next++ {
				held = append(held, next)
			}
			if len(held) == 0 {
				break
			}
			at := draws.IntN(len(held))
			order = append(order, held[at])
			held[at] = held[len(held)-1]
			held = held[:len(held)-1]
		}
		if drop {
			order = order[:n/size*size]
		}
		for place, sample := range order {
			if place < sample-max(buffer-1, 0) {
				t.Fatalf("sample %d came at place %d out of a buffer of %d", sample, place, buffer)
			}
		}
		var want [][]int
		for chunk := range slices.Chunk(order, size) {
			want = append(want, chunk)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d samples, %+v: %s", n, s, diff)
		}
		if buffer <= 1 && !slices.IsSorted(order) {
			t.Fatal("shuffled without a buffer")
		}
	}
}

func TestRebatchErrors(t *testing.T) {
	lengths := samples.StreamFunc(func(context.Context, int) iter.Seq2[*samples.Batch, error] {
		return func(yield func(*samples.Batch, error) bool) {
			for n := 2; yield(&samples.Batch{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(1, n), tensor.WithBacking(make([]float32, n)))}}, nil); n++ {
			}
		}
	})
	_, err := readAll(t, samples.Rebatch{Stream: lengths, BatchSize: 4}, 0)
	if err == nil || !strings.Contains(err.Error(), "sample 1 of the stream") {
		t.Errorf("got %v", err)
	}
	for _, s := range []samples.Stream{
		samples.Rebatch{}, samples.Rebatch{Stream: lengths, BatchSize: -1}, samples.Rebatch{Stream: lengths, Shuffle: -1},
		samples.Prefetch{}, samples.Prefetch{Stream: lengths, Batches: -1}, samples.Prefetch{Stream: lengths, Batches: 1 << 30},
	} {
		if _, err := s.Open(t.Context(), 0); err == nil {
			t.Errorf("%+v is no error", s)
		}
	}
}

// Weights that some targets lack stay as they are.
func TestRebatchWeights(t *testing.T) {
	of := func(x ...float32) *tensor.Dense { return tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x)) }
	s := samples.StreamFunc(func(context.Context, int) iter.Seq2[*samples.Batch, error] {
		return func(yield func(*samples.Batch, error) bool) {
			yield(&samples.Batch{Inputs: []*tensor.Dense{of(1, 2, 3)}, Weights: []*tensor.Dense{nil, of(4, 5, 6)}}, nil)
		}
	})
	r, err := samples.Rebatch{Stream: s, BatchSize: 2}.Open(t.Context(), 0)
	check(t, err)
	var b samples.Batch
	for _, want := range [][]float32{{4, 5}, {6}} {
		check(t, r.Next(&b))
		if len(b.Weights) != 2 || b.Weights[0] != nil || !slices.Equal(b.Weights[1].Float32s(), want) {
			t.Errorf("got %v, want %v", b.Weights, want)
		}
	}
	check(t, r.Close())
}

// Prefetch changes neither batches nor errors nor their order.
func TestPrefetch(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		n, fail := random.IntN(40), random.IntN(80)
		s := samples.Rebatch{Stream: counting(n, fail, 1+random.IntN(5)), BatchSize: 1 + random.IntN(5), Shuffle: random.IntN(9), Seed: 1}
		want, wantErr := readAll(t, s, 2)
		got, err := readAll(t, samples.Prefetch{Stream: s, Batches: random.IntN(5)}, 2)
		if diff := cmp.Diff(want, got); diff != "" || err != wantErr {
			t.Fatalf("%v, error %v instead of %v", diff, err, wantErr)
		}
	}
}

// A reader that has passed over batches goes on as one that has read them.
func TestSkip(t *testing.T) {
	inner := samples.Rebatch{Stream: counting(20, -1, 3), BatchSize: 2, Shuffle: 7, Seed: 5}
	for _, s := range []samples.Stream{inner, samples.Prefetch{Stream: inner}, samples.Prefetch{Stream: samples.Prefetch{Stream: inner}}} {
		for n := range 12 {
			a, err := s.Open(t.Context(), 1)
			check(t, err)
			b, err := s.Open(t.Context(), 1)
			check(t, err)
			var x, y samples.Batch
			errA := samples.Skip(a, n)
			var errB error
			for range n {
				if err := b.Next(&y); err != nil {
					errB = err
				}
			}
			if errA != errB || (errA != nil) != (n > 10) {
				t.Fatalf("after %d batches of 10: errors %v and %v", n, errA, errB)
			}
			errA, errB = a.Next(&x), b.Next(&y)
			if errA != errB || errA == nil && !slices.Equal(x.Inputs[0].Float64s(), y.Inputs[0].Float64s()) {
				t.Errorf("%T: after %d batches came %v and %v, %v and %v", s, n, x.Inputs, y.Inputs, errA, errB)
			}
			check(t, a.Close())
			check(t, b.Close())
		}
	}
}

// The goroutine of Prefetch ends however the reading ends.
func TestPrefetchEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	endless := counting(1<<30, -1, 1)
	blocked := samples.StreamFunc(func(ctx context.Context, _ int) iter.Seq2[*samples.Batch, error] {
		return func(yield func(*samples.Batch, error) bool) {
			<-ctx.Done()
			yield(nil, ctx.Err())
		}
	})
	panics := samples.StreamFunc(func(context.Context, int) iter.Seq2[*samples.Batch, error] {
		return func(func(*samples.Batch, error) bool) { panic("out of luck") }
	})
	exits := samples.StreamFunc(func(context.Context, int) iter.Seq2[*samples.Batch, error] {
		return func(func(*samples.Batch, error) bool) { runtime.Goexit() }
	})
	for _, read := range []int{0, 1, 5} {
		r, err := samples.Prefetch{Stream: endless, Batches: 3}.Open(t.Context(), 0)
		check(t, err)
		var b samples.Batch
		for range read {
			check(t, r.Next(&b))
		}
		check(t, r.Close())

		ctx, cancel := context.WithCancel(t.Context())
		r, err = samples.Prefetch{Stream: blocked}.Open(ctx, 0)
		check(t, err)
		time.AfterFunc(time.Millisecond, cancel)
		if err := r.Next(&b); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		check(t, r.Close())

		r, err = samples.Prefetch{Stream: panics}.Open(t.Context(), 0)
		check(t, err)
		if err := r.Next(&b); err == nil || !strings.Contains(err.Error(), "out of luck") {
			t.Errorf("got %v", err)
		}
		check(t, r.Close())

		r, err = samples.Prefetch{Stream: exits, Batches: 1}.Open(t.Context(), 0)
		check(t, err)
		errtest.Check(t, r.Next(&b), errs.Error{Field: "stream"})
		check(t, r.Close())
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left", n-before)
	}
}

func ExampleStreamFunc() {
	squares := samples.StreamFunc(func(ctx context.Context, pass int) iter.Seq2[*samples.Batch, error] {
		return func(yield func(*samples.Batch, error) bool) {
			for i := range 5 { // one sample at a time; a file would be opened here
				x := float32(i)
				b := &samples.Batch{
					Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{x}))},
					Targets: []*tensor.Dense{tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{x * x}))},
				}
				if !yield(b, nil) {
					return
				}
			}
		}
	})
	stream := samples.Prefetch{Stream: samples.Rebatch{Stream: squares, BatchSize: 2}}
	r, err := stream.Open(context.Background(), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	var b samples.Batch
	for {
		err := r.Next(&b)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.Inputs[0].Float32s(), b.Targets[0].Float32s())
	}
	// Output:
	// [0 1] [0 1]
	// [2 3] [4 9]
	// [4] [16]
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
