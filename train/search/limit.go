package search

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// limit bounds how many trials run, by their number and their memory.
type limit struct {
	workers int
	memory  int64 // of all; 0 for no limit

	mu      sync.Mutex
	change  *sync.Cond
	running int
	each    int64 // that a trial takes; 0 until the first one was measured

	measured   bool
	base, peak int64 // of the process before the first trial; the most that a trial took
	stop       chan struct{}
}

func newLimit(cfg Config) *limit {
	l := &limit{workers: cfg.Workers, memory: cfg.Memory, each: cfg.TrialMemory, stop: make(chan struct{})}
	l.change = sync.NewCond(&l.mu)
	if l.memory > 0 && l.each == 0 {
		runtime.GC()
		l.measured, l.base = true, heap()
		go l.measure()
	}
	return l
}

// acquire waits until one more trial may run. It returns false when ctx is done.
func (l *limit) acquire(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ctx.Err() == nil && !l.free() {
		l.change.Wait()
	}
	if ctx.Err() != nil {
		return false
	}
	l.running++
	return true
}

// free tells whether one more trial may run. The first of those whose memory is measured
// runs alone.
func (l *limit) free() bool {
	switch {
	case l.running == 0:
		return true
	case l.running == l.workers:
		return false
	case l.memory == 0:
		return true
	}
	return l.each > 0 && int64(l.running+1) <= l.memory/l.each
}

func (l *limit) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.measured {
		l.sample()
		l.each = max(l.peak, 1)
	}
	l.running--
	l.change.Broadcast()
}

func (l *limit) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.change.Broadcast()
}

// wait waits until no trial runs.
func (l *limit) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.running > 0 {
		l.change.Wait()
	}
}

func (l *limit) close() { close(l.stop) }

// measure samples the memory until the limit is closed.
func (l *limit) measure() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.mu.Lock()
			l.sample()
			l.mu.Unlock()
		}
	}
}

// sample compares what the trials that run take with the most so far.
func (l *limit) sample() {
	if l.running > 0 {
		l.peak = max(l.peak, (heap()-l.base)/int64(l.running))
	}
}

// heap is what the process has allocated, with what waits for garbage collection.
func heap() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(s[0].Value.Uint64())
}
