// Package programs keeps compiled programs for the batches that they fit, within
// a bound in bytes.
package programs

import (
	"runtime"
	"slices"
	"sync"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/exec"
)

// Program is a graph.Program, or a type that has one and says what it is for.
type Program interface {
	MemorySize() int64
	Close() error
}

// minMemory is what the programs of a set may take together besides the
// workspace, however little the largest takes. Unrolled layers take long to
// compile, and have programs of 50 MB.
const minMemory = 256 << 20

// Set is compiled programs that share a workspace. It serves one goroutine at a
// time, and so do its programs: the results of one hold until the next runs.
//
// The workspace is as large as the largest program needs. What else the programs
// take is bounded by half of what the largest takes with the workspace, or by
// minMemory where that is more, so a set of large programs takes at most 1.5 times
// the memory of the largest. The programs that were not used for longest are
// closed. The last two always stay: most data sets have batches of one size, and a
// smaller one at the end.
//
// A workspace above minMemory does not stay as large as one very long batch made it:
// after every window of uses, programs that were not used in it are closed.
type Set[P Program] struct {
	workspace graph.Workspace
	programs  []P // the last used at the end
	uses      int // in this window
	recent    int // programs that were used in it, at the end of programs
}

// window is how many uses of programs of a large workspace take much longer than
// compiling one of them.
const window = 1000

// Get returns the program that fits, or compiles one. It is valid until the next
// call of Get or Close.
func (s *Set[P]) Get(fits func(P) bool, compile func(w *graph.Workspace) (P, error)) (P, error) {
	i := slices.IndexFunc(s.programs, fits)
	if i < 0 {
		p, err := compile(&s.workspace)
		if err != nil {
			return p, err
		}
		s.programs = append(s.programs, p)
		s.recent++
		return p, s.close(s.excess())
	}
	p := s.programs[i]
	if i < len(s.programs)-s.recent {
		s.recent++
	}
	s.programs = append(slices.Delete(s.programs, i, i+1), p)
	if s.uses++; s.uses < window {
		return p, nil
	}
	old := len(s.programs) - s.recent
	s.uses, s.recent = 0, 0
	if s.workspace.MemorySize() > minMemory {
		return p, s.close(old)
	}
	return p, nil
}

// close closes the n programs that were not used for longest, and frees the memory
// that only they needed.
func (s *Set[P]) close(n int) error {
	for _, p := range s.programs[:n] {
		p.Close()
	}
	s.programs = slices.Delete(s.programs, 0, n)
	s.recent = min(s.recent, len(s.programs))
	if n == 0 {
		return nil
	}
	return (*exec.Workspace)(&s.workspace).Shrink()
}

// excess is how many programs take too much memory.
func (s *Set[P]) excess() int {
	all, largest := int64(0), int64(0)
	for _, p := range s.programs {
		all += p.MemorySize()
		largest = max(largest, p.MemorySize())
	}
	bound := max(minMemory, (s.workspace.MemorySize()+largest)/2)
	n := 0
	for ; all > bound && n < len(s.programs)-2; n++ {
		all -= s.programs[n].MemorySize()
	}
	return n
}

// Close closes all programs.
func (s *Set[P]) Close() {
	for _, p := range s.programs {
		p.Close()
	}
	*s = Set[P]{}
}

// Pool is sets of programs for several goroutines: as many as run at the same
// time. Between runs it keeps one for each core, since more gain nothing.
type Pool[P Program] struct {
	mu   sync.Mutex
	idle []*Set[P] // the last used at the end
}

// Take gives a set to one goroutine, until Put: one that has a program that
// fits, if there is one.
func (p *Pool[P]) Take(fits func(P) bool) *Set[P] {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return &Set[P]{}
	}
	i := len(p.idle) - 1
	for k, s := range slices.Backward(p.idle) {
		if slices.ContainsFunc(s.programs, fits) {
			i = k
			break
		}
	}
	s := p.idle[i]
	p.idle = slices.Delete(p.idle, i, i+1)
	return s
}

// Put takes a set back.
func (p *Pool[P]) Put(s *Set[P]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
	if len(p.idle) > runtime.GOMAXPROCS(0) {
		p.idle[0].Close()
		p.idle = slices.Delete(p.idle, 0, 1)
	}
}

// Clear closes the programs of all sets that are not taken.
func (p *Pool[P]) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.idle {
		s.Close()
	}
	p.idle = nil
}
