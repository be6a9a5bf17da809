package train

import (
	"context"
	"fmt"
	"io"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// source gives the batches of a run.
type source interface {
	// steps is the number of batches of an epoch, or of an evaluation; 0 where it ends
	// with the stream.
	steps() int
	// read reads batch b of the current epoch, which is valid until the next call.
	// io.EOF ends the epoch.
	read(ctx context.Context, b int) (reading, error)
	// done says that the run has used the last batch that was read.
	done()
	// close frees what the source holds.
	close() error
	// describe is what a resumed run must have in common with this one, for JSON.
	describe() any
}

// reading is a batch that was read.
type reading struct {
	*samples.Batch
	begins bool  // a pass over the data
	rows   []int // indices of its samples in the data; nil for a stream
	first  int   // index of its first sample in the pass, for a stream
}

// indexed reads data in passes, each in its own order, which epochs go through one after
// another. So the samples of an epoch depend only on its number.
type indexed struct {
	trainer *Trainer
	data    samples.Data
	cfg     FitConfig

	size  int   // of a batch; no more than there are samples
	pass  int   // over the samples, of which order is
	order []int // of the samples
	batch samples.Batch
}

func (s *indexed) steps() int {
	if s.cfg.StepsPerEpoch > 0 {
		return s.cfg.StepsPerEpoch
	}
	return s.perPass()
}

// perPass is the number of batches that hold all samples once, but for those that
// DropRemainder leaves out.
func (s *indexed) perPass() int {
	if s.cfg.DropRemainder {
		return s.data.Len() / s.size
	}
	return (s.data.Len()-1)/s.size + 1
}

func (s *indexed) read(_ context.Context, b int) (reading, error) {
	done, per := (s.trainer.position.epoch-1)*s.steps()+b, s.perPass() // batches before, over all epochs
	if pass := done / per; pass != s.pass {
		order, err := s.newOrder(pass)
		if err != nil {
			return reading{}, err
		}
		s.pass, s.order = pass, order
	}
	from := done % per * s.size
	rows := s.order[from:min(from+s.size, len(s.order))]
	err := s.trainer.gather(s.data, rows, &s.batch)
	return reading{Batch: &s.batch, begins: from == 0, rows: rows}, err
}

// newOrder is the order of the samples in a pass over them. The data may choose which
// share a batch if they are shuffled.
func (s *indexed) newOrder(pass int) ([]int, error) {
	n, m := s.data.Len(), s.trainer.model
	if s.cfg.NoShuffle {
		return inOrder(n), nil
	}
	order, err := samples.Order(s.data, graph.Rand(m.Seed(), "shuffle", m.Name(), graph.Tick{Epoch: pass + 1}).Perm(n), s.size)
	return order, errors.Wrapf(err, "%s: data", m.Name())
}

func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

func (s *indexed) done() {}

func (s *indexed) close() error { return nil }

func (s *indexed) describe() any { return describeData(s.data) }

// listed reads data once, in order.
type listed struct {
	trainer     *Trainer
	data        samples.Data
	size, count int // of a batch, and of batches
	rows        []int
	batch       samples.Batch
}

// newListed reads all batches of data, or the first of them.
func (t *Trainer) newListed(data samples.Data, size, first int) *listed {
	n := (data.Len()-1)/size + 1
	if first > 0 {
		n = min(n, first)
	}
	return &listed{trainer: t, data: data, size: size, count: n}
}

func (s *listed) steps() int { return s.count }

func (s *listed) read(_ context.Context, b int) (reading, error) {
	s.rows = s.rows[:0]
	for row := b * s.size; row < min((b+1)*s.size, s.data.Len()); row++ {
		s.rows = append(s.rows, row)
	}
	err := s.trainer.gather(s.data, s.rows, &s.batch)
	return reading{Batch: &s.batch, begins: b == 0, rows: s.rows}, err
}

func (s *listed) done() {}

func (s *listed) close() error { return nil }

func (s *listed) describe() any { return describeData(s.data) }

// streamed reads a stream, pass after pass.
type streamed struct {
	trainer *Trainer
	stream  samples.Stream
	count   int  // batches of an epoch; 0 where it ends with the pass
	once    bool // reads no second pass

	at     StreamPosition // after the last batch that was used
	last   int            // samples of the batch that was read after that
	ended  bool           // the pass, and the epoch with it
	reader samples.Reader // of the pass; nil before it begins
	batch  samples.Batch
}

// position is that of a state. Within an epoch that has ended with its pass, while it is
// validated, it stays in the pass, so that a resumed run ends the epoch there too.
func (s *streamed) position(inEpoch bool) StreamPosition {
	if s.ended && !inEpoch {
		return StreamPosition{Pass: s.at.Pass + 1}
	}
	return s.at
}

// StreamPosition is how far a run has come in a stream.
type StreamPosition struct {
	Pass    int // number of the pass, from 0
	Batches int // read in this pass
	Samples int // in these batches
}

func (s *streamed) steps() int { return s.count }

func (s *streamed) read(ctx context.Context, b int) (reading, error) {
	s.at, s.ended = s.position(false), false
	for {
		if s.reader == nil {
			if err := s.open(ctx); err != nil {
				return reading{}, s.wrap(err)
			}
		}
		err := s.reader.Next(&s.batch)
		if err == nil {
			break
		}
		if err != io.EOF {
			return reading{}, s.wrap(err)
		}
		if s.at.Batches == 0 {
			return reading{}, s.trainer.fail("stream", "must have a batch in every pass", fmt.Sprintf("none in pass %d", s.at.Pass))
		}
		if err := s.close(); err != nil {
			return reading{}, err
		}
		if s.once || s.count == 0 && b > 0 { // an epoch has a batch
			s.ended = true
			return reading{}, io.EOF
		}
		s.at = StreamPosition{Pass: s.at.Pass + 1}
	}
	s.last = 0
	if len(s.batch.Inputs) > 0 && s.batch.Inputs[0] != nil && s.batch.Inputs[0].Dims() > 0 {
		s.last = s.batch.Inputs[0].Shape()[0]
	}
	return reading{Batch: &s.batch, begins: s.at.Batches == 0, first: s.at.Samples}, nil
}

// open begins the pass, and passes over the batches that were used.
func (s *streamed) open(ctx context.Context) (err error) {
	r, err := s.stream.Open(ctx, s.at.Pass)
	if err != nil {
		return err
	}
	if isNil(r) {
		return graph.Error{Field: "Open", Rule: "must not return a nil Reader"}
	}
	s.reader = r
	if err = samples.Skip(r, s.at.Batches); err == io.EOF {
		return graph.Error{Field: "pass", Rule: fmt.Sprintf("must have the %d batches that the run had read when its state was taken", s.at.Batches)}
	}
	return err
}

func (s *streamed) done() {
	s.at.Batches++
	s.at.Samples += s.last
}

func (s *streamed) close() error {
	if s.reader == nil {
		return nil
	}
	err := s.reader.Close()
	s.reader = nil
	return s.wrap(err)
}

func (s *streamed) wrap(err error) error {
	return errors.Wrapf(err, "%s: pass %d of the stream", s.trainer.model.Name(), s.at.Pass)
}
