package programs

import (
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// fake is a program of a given size.
type fake struct {
	key    int
	size   int64
	closed bool
}

func (f *fake) MemorySize() int64 { return f.size }
func (f *fake) Close() error      { f.closed = true; return nil }

// use gets a program of a set, compiling it where it is not there.
func use(t *testing.T, s *Set[*fake], key int, size int64) (p *fake, compiled bool) {
	t.Helper()
	p, err := s.Get(func(p *fake) bool { return p.key == key }, func(*graph.Workspace) (*fake, error) {
		compiled = true
		return &fake{key: key, size: size}, nil
	})
	if err != nil || p.closed || p.key != key {
		t.Fatalf("got %v, %v", p, err)
	}
	return p, compiled
}

func keys(s *Set[*fake]) (all []int) {
	for _, p := range s.programs {
		all = append(all, p.key)
	}
	return all
}

func TestSetKeepsSmallPrograms(t *testing.T) {
	var s Set[*fake]
	for range 2 {
		for key := range 1000 {
			use(t, &s, key, minMemory/1000)
		}
	}
	if _, compiled := use(t, &s, 0, 1); compiled {
		t.Error("a program that fits into the memory was compiled again")
	}
}

// The least recently used programs are evicted first, and closed. The last two stay,
// however large they are.
func TestSetIsBounded(t *testing.T) {
	var s Set[*fake]
	var all []*fake
	for key := range 4 {
		p, _ := use(t, &s, key, minMemory/4)
		all = append(all, p)
	}
	use(t, &s, 0, 0)
	use(t, &s, 4, minMemory/4)
	if got := keys(&s); !slices.Equal(got, []int{2, 3, 0, 4}) || !all[1].closed || all[0].closed {
		t.Errorf("programs %v are kept", got)
	}
	use(t, &s, 5, 4*minMemory)
	if got := keys(&s); !slices.Equal(got, []int{4, 5}) {
		t.Errorf("programs %v are kept with one that takes all memory", got)
	}
	use(t, &s, 6, 4*minMemory)
	if got := keys(&s); !slices.Equal(got, []int{5, 6}) {
		t.Errorf("programs %v are kept of two that take all memory", got)
	}
	for key := 7; key < 12; key++ {
		use(t, &s, key, minMemory/2)
	}
	if got := keys(&s); !slices.Equal(got, []int{10, 11}) {
		t.Errorf("programs %v are kept", got)
	}
	s.Close()
	if len(s.programs) != 0 || !all[0].closed {
		t.Error("Close left programs")
	}
}

func TestSetReturnsErrors(t *testing.T) {
	var s Set[*fake]
	failed := errors.New("failed")
	_, err := s.Get(func(*fake) bool { return true }, func(*graph.Workspace) (*fake, error) { return nil, failed })
	if err != failed || len(s.programs) != 0 {
		t.Errorf("got %v and programs %v", err, s.programs)
	}
}

// Programs of one set share their memory: together they take as much as the
// largest one, and compute what they would alone.
func TestSetSharesMemory(t *testing.T) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	var s Set[*graph.Program]
	get := func(n int) *graph.Program {
		p, err := s.Get(func(p *graph.Program) bool { return slices.Contains(p.Inputs(), name(n)) }, func(w *graph.Workspace) (*graph.Program, error) {
			return graph.NewProgram(graph.Config{Params: params, Workspace: w}, func(s *graph.Scope) {
				s.Output("y", s.Input(name(n), graph.Shape{n}).AddConst(1).Square().Sum())
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, n := range []int{10, 1000, 100, 10, 1000} {
		p := get(n)
		if err := p.SetInput(name(n), tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(n))); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		y, err := p.Output("y")
		if err != nil || y.Float32s()[0] != float32(n) {
			t.Errorf("%d elements: got %v, %v", n, y, err)
		}
	}
	size := int64(0)
	for _, p := range s.programs {
		size += p.MemorySize()
	}
	if alone := s.workspace.MemorySize(); len(s.programs) != 3 || size > 3*10*2<<10 || alone < 8000 {
		t.Errorf("%d programs take %d bytes and a workspace of %d", len(s.programs), size, alone)
	}
}

// A large workspace becomes smaller once the program that needed it was not used for
// a window; a small one stays, with its programs.
func TestSetForgetsALongBatch(t *testing.T) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	for long, kept := range map[int]int{minMemory / 2: 2, 1000: 3} { // elements
		var s Set[*graph.Program]
		get := func(name string, n int) *graph.Program {
			t.Helper()
			p, err := s.Get(func(p *graph.Program) bool { return slices.Contains(p.Inputs(), name) }, func(w *graph.Workspace) (*graph.Program, error) {
				return graph.NewProgram(graph.Config{Params: params, Workspace: w}, func(s *graph.Scope) {
					s.Output("y", s.Input(name, graph.Shape{n}).AddConst(1))
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		get("long", long)
		full := s.workspace.MemorySize()
		for range 2 * window {
			get("a", 100)
			get("b", 50)
		}
		if got := s.workspace.MemorySize(); len(s.programs) != kept || kept == 2 && got > full/1000 || kept == 3 && got != full {
			t.Errorf("%d programs are kept in a workspace of %d of %d bytes", len(s.programs), got, full)
		}
		p := get("a", 100)
		if err := p.SetInput("a", tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(100))); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		if y, err := p.Output("y"); err != nil || y.Float32s()[99] != 1 {
			t.Errorf("got %v, %v", y, err)
		}
		get("long", long)
		if got := s.workspace.MemorySize(); got != full {
			t.Errorf("with the long batch again the workspace has %d bytes, want %d", got, full)
		}
	}
}

func name(n int) string { return string(rune('a' + n%26)) }

func TestPool(t *testing.T) {
	var p Pool[*fake]
	fits := func(key int) func(*fake) bool { return func(f *fake) bool { return f.key == key } }
	a, b := p.Take(fits(1)), p.Take(fits(1))
	if a == b {
		t.Fatal("two goroutines got one set")
	}
	one, _ := use(t, a, 1, 1)
	use(t, b, 2, 1)
	p.Put(a)
	p.Put(b)
	if got := p.Take(fits(1)); got != a {
		t.Error("the set with the program must come first")
	} else {
		p.Put(got)
	}
	if got := p.Take(fits(3)); got != a {
		t.Error("the set that was used last must come first")
	} else {
		p.Put(got)
	}
	p.Clear()
	if len(p.idle) != 0 || !one.closed {
		t.Error("Clear left programs")
	}
}

// Between runs there are no more sets than can run at once.
func TestPoolIsBounded(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var p Pool[*fake]
	var all []*Set[*fake]
	var first *fake
	for i := range 5 {
		s := p.Take(func(*fake) bool { return true })
		f, _ := use(t, s, i, 1)
		if i == 0 {
			first = f
		}
		all = append(all, s)
	}
	for _, s := range all {
		p.Put(s)
	}
	if len(p.idle) != 2 || p.idle[1] != all[4] || !first.closed {
		t.Errorf("%d sets are kept", len(p.idle))
	}
}
