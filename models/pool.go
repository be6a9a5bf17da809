package models

import (
	"slices"
	"sync"

	"github.com/engram-go/engram/graph"
)

// maxIdle bounds how many compiled programs a model keeps for later.
const maxIdle = 8

// pool keeps compiled programs that are not at work, the last used at the end.
type pool struct {
	mu   sync.Mutex
	idle []pooled
}

type pooled struct {
	key  string
	prog *graph.Program
}

// get takes a program for a key, or compiles one. A program that is taken
// belongs to the caller until put.
func (p *pool) get(key string, compile func() (*graph.Program, error)) (*graph.Program, error) {
	p.mu.Lock()
	i := slices.IndexFunc(p.idle, func(e pooled) bool { return e.key == key })
	if i >= 0 {
		prog := p.idle[i].prog
		p.idle = slices.Delete(p.idle, i, i+1)
		p.mu.Unlock()
		return prog, nil
	}
	p.mu.Unlock()
	return compile()
}

// put gives a program back; the least used one is dropped where there are too
// many.
func (p *pool) put(key string, prog *graph.Program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, pooled{key, prog})
	if len(p.idle) > maxIdle {
		p.idle[0].prog.Close()
		p.idle = slices.Delete(p.idle, 0, 1)
	}
}

func (p *pool) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.idle {
		e.prog.Close()
	}
	p.idle = nil
}
