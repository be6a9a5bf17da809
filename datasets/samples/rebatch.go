package samples

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Rebatch is a Stream that puts the samples of another one into batches of one size, and
// shuffles them on the way. Batches of the other stream have any number of samples: 1 for
// a stream of single samples, thousands for the blocks of a file.
//
// Shuffling keeps some samples in a buffer, takes one of them at random for the batch, and
// fills its place with the next of the stream, as tf.data's shuffle does. A sample comes
// out at most Shuffle − 1 places before its own, so data that are sorted by class need a
// buffer of more than a class. The order depends only on Seed and the number of the pass.
type Rebatch struct {
	Stream        Stream // required
	BatchSize     int    // default 32
	Shuffle       int    // samples in the buffer; default 0: no shuffling
	Seed          uint64 // of the shuffling
	DropRemainder bool   // leaves out the last batch of a pass where it is smaller
}

// Open begins a pass of the stream.
func (r Rebatch) Open(ctx context.Context, pass int) (Reader, error) {
	switch {
	case r.Stream == nil:
		return nil, errs.Error{Field: "Rebatch.Stream", Rule: "must be set"}
	case r.BatchSize < 0:
		return nil, errs.Error{Field: "Rebatch.BatchSize", Rule: "must not be negative", Value: r.BatchSize}
	case r.Shuffle < 0:
		return nil, errs.Error{Field: "Rebatch.Shuffle", Rule: "must not be negative", Value: r.Shuffle}
	case r.BatchSize == 0:
		r.BatchSize = 32
	}
	source, err := r.Stream.Open(ctx, pass)
	if err != nil {
		return nil, err
	}
	return &rebatched{Rebatch: r, source: source, rand: rand.New(rand.NewPCG(r.Seed, uint64(pass)))}, nil
}

type rebatched struct {
	Rebatch
	source Reader
	rand   *rand.Rand

	block      Batch // of the source
	row, rows  int   // the next sample in it, and their number
	read       int   // samples of the pass so far
	end        error // of the source, after its last block
	held, free []*sample
	picked     []*sample
}

// sample is one sample in memory.
type sample struct {
	Batch      // of this sample alone
	number int // of Batch.Numbers, or in the pass
}

func (r *rebatched) Close() error { return r.source.Close() }

// Next makes a batch.
func (r *rebatched) Next(into *Batch) error {
	for len(r.picked) < r.BatchSize {
		s, err := r.pick()
		if err == io.EOF && len(r.picked) > 0 && !r.DropRemainder {
			break
		}
		if err != nil {
			return err
		}
		r.picked = append(r.picked, s)
	}
	if err := stack(into, r.picked); err != nil {
		return err
	}
	r.free = append(r.free, r.picked...)
	r.picked = r.picked[:0]
	return nil
}

// pick takes a sample out of the buffer, once that is full or holds all that is left.
func (r *rebatched) pick() (*sample, error) {
	for r.end == nil && len(r.held) < max(r.Shuffle, 1) {
		s, err := r.next()
		if err != nil {
			r.end = err
			break
		}
		r.held = append(r.held, s)
	}
	if r.end != nil && (r.end != io.EOF || len(r.held) == 0) {
		return nil, r.end
	}
	last := len(r.held) - 1
	i := r.rand.IntN(last + 1)
	s := r.held[i]
	r.held[i] = r.held[last]
	r.held = r.held[:last]
	return s, nil
}

// next copies the next sample of the source, into memory that is free.
func (r *rebatched) next() (*sample, error) {
	if r.row == r.rows {
		if err := r.source.Next(&r.block); err != nil {
			return nil, err
		}
		n, err := r.block.rows()
		if err != nil {
			return nil, errs.At(err, fmt.Sprintf("batch after sample %d of the stream", r.read), "")
		}
		r.row, r.rows = 0, n
	}
	s := new(sample)
	if n := len(r.free); n > 0 {
		s, r.free = r.free[n-1], r.free[:n-1]
	}
	s.number = r.read
	if len(r.block.Numbers) > 0 {
		s.number = r.block.Numbers[r.row]
	}
	for _, p := range parts(&s.Batch, &r.block) {
		*p.into = resize(*p.into, len(p.from))
		for i, t := range p.from {
			if t == nil {
				(*p.into)[i] = nil
				continue
			}
			t = dense.Contiguous(t)
			one := dense.Reuse((*p.into)[i], t.Dtype(), shapes.Shape(t.Shape()).With(0, 1))
			dense.Copy(one, dense.Rows(t, r.row, r.row+1))
			(*p.into)[i] = one
		}
	}
	r.row++
	r.read++
	return s, nil
}

// stack makes a batch of samples.
func stack(into *Batch, all []*sample) error {
	into.Numbers = into.Numbers[:0]
	for _, s := range all {
		into.Numbers = append(into.Numbers, s.number)
	}
	for k, p := range parts(into, &all[0].Batch) {
		*p.into = resize(*p.into, len(p.from))
		for i, first := range p.from {
			if first == nil {
				(*p.into)[i] = nil
			} else if n := first.DataSize(); len(all) > shapes.MaxElements/n {
				return errs.Error{Field: "Rebatch.BatchSize", Rule: fmt.Sprintf("must be at most %d for samples of %d numbers", shapes.MaxElements/n, n), Value: len(all)}
			} else {
				(*p.into)[i] = dense.Reuse((*p.into)[i], first.Dtype(), shapes.Shape(first.Shape()).With(0, len(all)))
			}
		}
		for row, s := range all {
			from := parts(&Batch{}, &s.Batch)[k].from
			if !alike(from, p.from) {
				return errs.Error{Path: fmt.Sprintf("sample %d of the stream", s.number), Field: p.name,
					Rule: fmt.Sprintf("must have the dtypes and shapes of sample %d, which is in the same batch", all[0].number), Value: kinds(from)}
			}
			for i, t := range from {
				if t != nil {
					dense.Copy(dense.Rows((*p.into)[i], row, row+1), t)
				}
			}
		}
	}
	return nil
}

// alike tells whether two samples can be in one batch.
func alike(a, b []*tensor.Dense) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if (a[i] == nil) != (b[i] == nil) || a[i] != nil && (a[i].Dtype() != b[i].Dtype() || !a[i].Shape().Eq(b[i].Shape())) {
			return false
		}
	}
	return true
}

// kinds lists dtypes and shapes in a message.
func kinds(list []*tensor.Dense) []string {
	out := []string{}
	for _, t := range list {
		if t == nil {
			out = append(out, "none")
		} else {
			out = append(out, fmt.Sprintf("%v %v", t.Dtype(), t.Shape()[1:]))
		}
	}
	return out
}
