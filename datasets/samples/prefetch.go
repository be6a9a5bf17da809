package samples

import (
	"context"
	"fmt"

	"github.com/engram-go/engram/internal/errs"
)

// Prefetch is a Stream that reads another one ahead, in a goroutine of its own, while
// the model computes. Batches and errors come in the same order as without it. The
// goroutine ends with the pass, with Close, and when the context of Open is done.
type Prefetch struct {
	Stream  Stream // required
	Batches int    // read ahead, at most; default 2
}

// Open begins a pass of the stream. Reading ahead begins with the first Next.
func (p Prefetch) Open(ctx context.Context, pass int) (Reader, error) {
	switch {
	case p.Stream == nil:
		return nil, errs.Error{Field: "Prefetch.Stream", Rule: "must be set"}
	case p.Batches < 0 || p.Batches > maxPrefetch:
		return nil, errs.Error{Field: "Prefetch.Batches", Rule: fmt.Sprintf("must be from 0 to %d", maxPrefetch), Value: p.Batches}
	case p.Batches == 0:
		p.Batches = 2
	}
	ctx, cancel := context.WithCancel(ctx)
	source, err := p.Stream.Open(ctx, pass)
	if err != nil {
		cancel()
		return nil, err
	}
	r := &prefetched{ctx: ctx, cancel: cancel, source: source, full: make(chan fetched, p.Batches), free: make(chan *Batch, p.Batches)}
	for range p.Batches {
		r.free <- new(Batch)
	}
	return r, nil
}

const maxPrefetch = 1 << 16

// prefetched hands batches around: those in free are empty, or have been used; those in
// full have been read.
type prefetched struct {
	ctx    context.Context
	cancel context.CancelFunc
	source Reader
	full   chan fetched
	free   chan *Batch
	ended  chan struct{} // closed when the goroutine has ended; nil before it begins
	end    error         // after the last batch
}

type fetched struct {
	batch *Batch
	err   error
}

func (p *prefetched) Next(into *Batch) error {
	if p.end != nil {
		return p.end
	}
	if p.ended == nil {
		p.ended = make(chan struct{})
		go p.read()
	}
	select {
	case f := <-p.full:
		if p.end = f.err; p.end != nil {
			return p.end
		}
		*into, *f.batch = *f.batch, *into
		p.free <- f.batch
		return nil
	case <-p.ctx.Done():
		p.end = p.ctx.Err()
		return p.end
	}
}

// read fills batches until the end of the pass.
func (p *prefetched) read() {
	filling := false
	defer func() {
		if filling { // fill did not return; full has room for its batch
			p.full <- fetched{err: errs.Error{Field: "stream", Rule: "must not end the goroutine that reads it, as runtime.Goexit and FailNow of a test do"}}
		}
		close(p.ended)
	}()
	for {
		var f fetched
		select {
		case f.batch = <-p.free:
		case <-p.ctx.Done():
			return
		}
		filling = true
		f.err = p.fill(f.batch)
		filling = false
		select {
		case p.full <- f:
		case <-p.ctx.Done():
			return
		}
		if f.err != nil {
			return
		}
	}
}

// fill turns a panic of the stream, which would end the program here, into an error.
func (p *prefetched) fill(b *Batch) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errs.Error{Field: "stream", Rule: "must not panic", Value: r}
		}
	}()
	return p.source.Next(b)
}

// Skip passes over batches of the stream.
func (p *prefetched) Skip(n int) error {
	if p.ended == nil {
		return Skip(p.source, n)
	}
	return readOver(p, n)
}

// Close waits until the goroutine has ended.
func (p *prefetched) Close() error {
	p.cancel()
	if p.ended != nil {
		<-p.ended
	}
	return p.source.Close()
}
