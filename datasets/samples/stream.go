package samples

import (
	"context"
	"fmt"
	"io"
	"iter"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Stream is training data that are read batch by batch: data larger than memory, or
// made by a generator, perhaps without an end. Trainer.FitStream reads it in passes,
// from the first batch to the last. To resume a run exactly, the batches of a pass must
// depend on nothing but its number.
type Stream interface {
	// Open begins a pass; the first has number 0. When ctx is done, Next returns soon,
	// with the error of ctx.
	Open(ctx context.Context, pass int) (Reader, error)
}

// Reader reads one pass. One goroutine uses it at a time.
type Reader interface {
	// Next fills into with the next batch, and returns io.EOF after the last. It may
	// overwrite the tensors and numbers in into.
	Next(into *Batch) error
	// Close frees what the pass holds. It is called once, and Next never after it.
	Close() error
}

// Skipper is a Reader that passes over batches faster than Next does, by seeking in a
// file for instance.
type Skipper interface {
	Reader
	// Skip passes over the next n batches. Fewer are an error, io.EOF.
	Skip(n int) error
}

// Skip passes over the next n batches of a pass: with the reader's own Skip if it is a
// Skipper, and with Next otherwise. It returns io.EOF if there are fewer.
func Skip(r Reader, n int) error {
	if s, ok := r.(Skipper); ok && n > 0 {
		return s.Skip(n)
	}
	return readOver(r, n)
}

func readOver(r Reader, n int) error {
	var b Batch
	for range n {
		if err := r.Next(&b); err != nil {
			return err
		}
	}
	return nil
}

// StreamFunc makes a Stream of a function whose result goes through the batches of a
// pass:
//
//	samples.StreamFunc(func(ctx context.Context, pass int) iter.Seq2[*samples.Batch, error] {
//		return func(yield func(*samples.Batch, error) bool) {
//			…
//		}
//	})
//
// A batch is copied, so the function may fill the same one again. An error ends the pass.
type StreamFunc func(ctx context.Context, pass int) iter.Seq2[*Batch, error]

// Open begins a pass. The function runs within the calls of Next.
func (f StreamFunc) Open(ctx context.Context, pass int) (Reader, error) {
	if f == nil {
		return nil, errs.Error{Field: "StreamFunc", Rule: "must not be nil"}
	}
	seq := f(ctx, pass)
	if seq == nil {
		return nil, errs.Error{Field: "StreamFunc", Rule: "must return a function"}
	}
	next, stop := iter.Pull2(seq)
	return &pulled{ctx: ctx, next: next, stop: stop}, nil
}

type pulled struct {
	ctx  context.Context
	next func() (*Batch, error, bool)
	stop func()
	end  error // after the last batch
}

func (p *pulled) Next(into *Batch) error {
	if p.end != nil {
		return p.end
	}
	if p.end = p.ctx.Err(); p.end != nil {
		return p.end
	}
	b, err, ok := p.next()
	switch {
	case !ok:
		p.end = io.EOF
	case err != nil:
		p.end = err
	default:
		p.end = copyBatch(into, b)
	}
	return p.end
}

func (p *pulled) Close() error {
	p.stop()
	return nil
}

// copyBatch makes into a copy of a batch.
func copyBatch(into, from *Batch) error {
	if from == nil {
		return errs.Error{Field: "batch", Rule: "must not be nil"}
	}
	if _, err := from.rows(); err != nil {
		return err
	}
	for _, part := range parts(into, from) {
		*part.into = resize(*part.into, len(part.from))
		for i, t := range part.from {
			if t == nil {
				(*part.into)[i] = nil
				continue
			}
			to := dense.Reuse((*part.into)[i], t.Dtype(), shapes.Shape(t.Shape()))
			dense.Copy(to, dense.Contiguous(t))
			(*part.into)[i] = to
		}
	}
	into.Numbers = append(into.Numbers[:0], from.Numbers...)
	return nil
}

// part is one list of the tensors of two batches.
type part struct {
	name string
	into *[]*tensor.Dense
	from []*tensor.Dense
}

func parts(into, from *Batch) [3]part {
	return [3]part{{"inputs", &into.Inputs, from.Inputs}, {"targets", &into.Targets, from.Targets}, {"weights", &into.Weights, from.Weights}}
}

// resize gives a list n elements, and keeps those that it has.
func resize(list []*tensor.Dense, n int) []*tensor.Dense {
	for len(list) < n {
		list = append(list, nil)
	}
	return list[:n]
}

// rows is the number of samples of a batch from a user. All tensors must have as many,
// and be float32 or float64; weights may be nil.
func (b *Batch) rows() (int, error) {
	if len(b.Inputs) == 0 {
		return 0, errs.Error{Field: "inputs", Rule: "must not be empty"}
	}
	n := -1
	for _, p := range parts(&Batch{}, b) {
		for i, t := range p.from {
			name := fmt.Sprintf("%s[%d]", p.name, i)
			switch {
			case t == nil && p.name == "weights":
				continue
			case t == nil:
				return 0, errs.Error{Field: name, Rule: "must not be nil"}
			case !dense.IsFloat(t.Dtype()):
				return 0, errs.Error{Field: name, Rule: "must be float32 or float64", Value: t.Dtype()}
			case t.Dims() == 0 || t.Shape().TotalSize() < 1:
				return 0, errs.Error{Field: name, Rule: "must have elements, and samples on its first axis", Value: t.Shape()}
			case n >= 0 && t.Shape()[0] != n:
				return 0, errs.Error{Field: name, Rule: fmt.Sprintf("must have %d samples like inputs[0]", n), Value: t.Shape()}
			}
			n = t.Shape()[0]
		}
	}
	if len(b.Numbers) > 0 && len(b.Numbers) != n {
		return 0, errs.Error{Field: "numbers", Rule: fmt.Sprintf("must be empty or those of the %d samples", n), Value: len(b.Numbers)}
	}
	return n, nil
}
