package kernels

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestChoice runs itself where the processor is said to lack something.
func TestChoice(t *testing.T) {
	if os.Getenv("ENGRAM_TEST_CHOICE") != "" {
		os.Stdout.WriteString("chosen: " + Float32().Name + "\n")
		return
	}
	fastest, second := "go", "go"
	if all := assembly(); len(all) > 0 {
		fastest, second = all[0].Name, "avx2"
	}
	for _, c := range []struct{ kernels, debug, want string }{
		{"", "", fastest},
		{"other", "", fastest},
		{"go", "", "go"},
		{"avx2", "", second},
		{"avx512", "", fastest},
		{"", "cpu.avx512f=off", second},
		{"", "cpu.avx2=off", "go"},
		{"", "cpu.fma=off", "go"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChoice$", "-test.v")
		cmd.Env = append(os.Environ(), "ENGRAM_TEST_CHOICE=1", Variable+"="+c.kernels, "GODEBUG="+c.debug)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "chosen: "+c.want+"\n") {
			t.Errorf("with %s=%q and GODEBUG=%q: %v\n%s\nwant %s", Variable, c.kernels, c.debug, err, out, c.want)
		}
	}
	if name := Float64().Name; name != "go" {
		t.Errorf("float64 has the kernels %q", name)
	}
}

// TestMain runs no test where a set lacks a kernel, which would be a call of nil.
func TestMain(m *testing.M) {
	complete := true
	check := func(name string, set reflect.Value) {
		for _, f := range reflect.VisibleFields(set.Type()) {
			if v := set.FieldByIndex(f.Index); v.Kind() == reflect.Func && v.IsNil() {
				fmt.Printf("the set %s has no kernel %s: add it to portable in set.go\n", name, f.Name)
				complete = false
			}
		}
	}
	for _, s := range all32() {
		check(s.Name, reflect.ValueOf(s).Elem())
	}
	check("float64", reflect.ValueOf(Float64()).Elem())
	if !complete {
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Every kernel has a property, and everything that was generated is used. The files of the
// package are read as text, since some of them are not built without assembly.
func TestEveryKernelIsTested(t *testing.T) {
	read := func(pattern string, without ...string) string {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, name := range files {
			if slices.Contains(without, name) {
				continue
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(data)
		}
		return text.String()
	}
	properties := read("*_test.go", "set_test.go")
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Set[float32]]()) {
		if f.Type.Kind() != reflect.Func || !f.IsExported() {
			continue
		}
		if used := regexp.MustCompile(`\bs\.` + f.Name + `\b`); !used.MatchString(properties) {
			t.Errorf("the kernel %s has no property: add one to the tests of its family, as axpyCase in vector_test.go", f.Name)
		}
	}
	source := read("*.go", "*_stubs_amd64.go")
	for _, stub := range regexp.MustCompile(`(?m)^func (\w+)\(`).FindAllStringSubmatch(read("*_stubs_amd64.go", ""), -1) {
		if !regexp.MustCompile(`\b` + stub[1] + `\b`).MatchString(source) {
			t.Errorf("the assembly %s is not used: set its kernel where its family makes those of a set, as axpy in avx2 of assembly_amd64.go", stub[1])
		}
	}
}

func TestUp(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 8, 7: 8, 8: 8, 9: 16, 50: 56} {
		if got := Up(n); got != want {
			t.Errorf("Up(%d) is %d, want %d", n, got, want)
		}
	}
}

// A kernel of vectors panics where a slice is shorter than the first, and touches nothing.
func TestShortSlices(t *testing.T) {
	const n = 16
	portable := reflect.ValueOf(portable[float32]()).Elem()
	for _, s := range sets() {
		set := reflect.ValueOf(s).Elem()
		for _, f := range reflect.VisibleFields(set.Type()) {
			if f.Type.Kind() != reflect.Func || !f.IsExported() {
				continue
			}
			for short := 1; short < strings.Count(f.Type.String(), "[]"); short++ {
				var in []reflect.Value
				var all [][]float32
				for k := range f.Type.NumIn() {
					if f.Type.In(k).Kind() != reflect.Slice {
						in = append(in, reflect.ValueOf(1).Convert(f.Type.In(k)))
						continue
					}
					x := slices.Repeat([]float32{1}, 2*n)
					all = append(all, x)
					if x = x[:n]; len(all) == short+1 {
						x = x[:n-1]
					}
					in = append(in, reflect.ValueOf(x))
				}
				if !panics(func() { set.FieldByIndex(f.Index).Call(in) }) {
					t.Errorf("%s: %s does not panic where slice %d is too short", s.Name, f.Name, short)
				}
				if set.FieldByIndex(f.Index).Pointer() == portable.FieldByIndex(f.Index).Pointer() {
					continue // Go checks as it computes
				}
				for _, x := range all {
					if slices.ContainsFunc(x, func(v float32) bool { return v != 1 }) {
						t.Errorf("%s: %s wrote before it panicked", s.Name, f.Name)
					}
				}
			}
		}
	}
}

// Arguments that would lead out of a slice panic, and nothing is touched
// outside of it, not even where the slice has room behind its end.
func TestOutOfRange(t *testing.T) {
	const n, k, huge = 16, 8, math.MaxInt
	type buffers struct{ a, b, c, d, e, f []float32 }
	for _, c := range []struct {
		name string
		f    func(s *Set[float32], x buffers)
	}{
		{"tile: no terms behind a", func(s *Set[float32], x buffers) {
			s.tile(1, 16, k, x.a[:k-1], k, 1, 0, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: no rows behind a", func(s *Set[float32], x buffers) {
			s.tile(3, 16, k, x.a[:3*k-1], k, 1, 0, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: no terms behind b", func(s *Set[float32], x buffers) {
			s.tile(1, 16, k, x.a, k, 1, 0, x.b[:k*16-1], 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: no columns behind c", func(s *Set[float32], x buffers) {
			s.tile(1, 16, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c[:15], 16, nil, 0, nil)
		}},
		{"tile: no rows behind c", func(s *Set[float32], x buffers) {
			s.tile(2, 16, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c[:31], 16, nil, 0, nil)
		}},
		{"tile: no whole tile behind a", func(s *Set[float32], x buffers) {
			s.tile(7, 16, k, x.a[:6*k-1], k, 1, 0, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: no second tile behind a", func(s *Set[float32], x buffers) {
			s.tile(7, 16, k, x.a[:20+k-1], k, 1, 20, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: a tile before a", func(s *Set[float32], x buffers) {
			s.tile(7, 16, k, x.a[6*k:], k, 1, -1, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: tiles of a that add up to nothing", func(s *Set[float32], x buffers) {
			s.tile(14, 16, k, x.a, k, 1, math.MaxInt/2+1, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: start is short", func(s *Set[float32], x buffers) {
			s.tile(1, 16, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c, 16, x.b[:15], 0, nil)
		}},
		{"tile: rows of start are short", func(s *Set[float32], x buffers) {
			s.tile(2, 16, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c, 16, x.b[:31], 16, nil)
		}},
		{"tile: a row before a", func(s *Set[float32], x buffers) {
			s.tile(2, 16, k, x.a[k:], -k, 1, 0, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: a row before c", func(s *Set[float32], x buffers) {
			s.tile(2, 16, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c, -16, nil, 0, nil)
		}},
		{"tile: a long row of a", func(s *Set[float32], x buffers) {
			s.tile(2, 16, k, x.a, huge, 1, 0, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: rows of a that add up to nothing", func(s *Set[float32], x buffers) {
			s.tile(5, 16, k, x.a, math.MaxInt/2+1, 1, 0, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: terms of a that add up to nothing", func(s *Set[float32], x buffers) {
			s.tile(1, 16, 5, x.a, k, math.MaxInt/2+1, 0, x.b, 16, 16*k, x.c, 16, nil, 0, nil)
		}},
		{"tile: rows of c that add up to nothing", func(s *Set[float32], x buffers) {
			s.tile(5, 16, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c, math.MaxInt/2+1, nil, 0, nil)
		}},
		{"tile: no terms behind a, for four panels", func(s *Set[float32], x buffers) {
			s.tile(1, 64, k, x.a[:k-1], k, 1, 0, x.b, 16, 16*k, x.c, 64, nil, 0, nil)
		}},
		{"tile: no panels behind b", func(s *Set[float32], x buffers) {
			s.tile(1, 64, k, x.a, k, 1, 0, x.b[:4*16*k-1], 16, 16*k, x.c, 64, nil, 0, nil)
		}},
		{"tile: no panels behind c", func(s *Set[float32], x buffers) {
			s.tile(1, 64, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c[:63], 64, nil, 0, nil)
		}},
		{"tile: no rows of four panels behind c", func(s *Set[float32], x buffers) {
			s.tile(2, 64, k, x.a, k, 1, 0, x.b, 16, 16*k, x.c[:127], 64, nil, 0, nil)
		}},
		{"tile: many terms", func(s *Set[float32], x buffers) {
			s.tile(1, 64, math.MaxInt/8+2, x.a, 0, 0, 0, x.b, 16, 16*k, x.c, 64, nil, 0, nil)
		}},
		{"tile: many panels", func(s *Set[float32], x buffers) {
			s.tile(1, math.MaxInt-1, 1, x.a, 1, 1, 0, x.b, 16, 16, x.c, 64, nil, 0, nil)
		}},
		{"tile: some columns of b", func(s *Set[float32], x buffers) {
			s.tile(1, 5, k, x.a, k, 1, 0, x.b[:(k-1)*20+4], 20, 16, x.c, 16, nil, 0, nil)
		}},
		{"tile: a panel before b", func(s *Set[float32], x buffers) {
			s.tile(1, 32, k, x.a, k, 1, 0, x.b[16*k:], 16, -16, x.c, 32, nil, 0, nil)
		}},
		{"MulPacked: rows that overlap", func(s *Set[float32], x buffers) {
			var p Packed[float32]
			p.Pack(s, RowMajor(x.b, 20), k, 20)
			s.MulPacked(2, RowMajor(x.a, k), &p, RowMajor(x.c, 20), false)
		}},
		{"MulPacked: columns of c", func(s *Set[float32], x buffers) {
			var p Packed[float32]
			p.Pack(s, RowMajor(x.b, 16), k, 16)
			s.MulPacked(2, RowMajor(x.a, k), &p, RowMajor(x.c, 16).T(), false)
		}},
		{"Mul: rows that overlap", func(s *Set[float32], x buffers) {
			s.Mul(2, k, RowMajor(x.a, k), RowMajor(x.b, 20), RowMajor(x.c, 10), 0, 20)
		}},
		{"copyPanel: from", func(s *Set[float32], x buffers) { s.copyPanel(2, x.a[:35], 20, x.c) }},
		{"copyPanel: to", func(s *Set[float32], x buffers) { s.copyPanel(2, x.a, 20, x.c[:31]) }},
		{"copyPanel: backwards", func(s *Set[float32], x buffers) { s.copyPanel(2, x.a[16:], -16, x.c) }},
		{"copyTiles: from", func(s *Set[float32], x buffers) { s.copyTiles(2, x.a[:11], x.c, 6) }},
		{"transpose: from", func(s *Set[float32], x buffers) { s.transpose(9, x.a[:7*10+8], 10, x.c, 8) }},
		{"transpose: to", func(s *Set[float32], x buffers) { s.transpose(9, x.a, 10, x.c[:9*8-1], 8) }},
		{"transpose: backwards", func(s *Set[float32], x buffers) { s.transpose(9, x.a[80:], -10, x.c, 8) }},
		{"copyTiles: to", func(s *Set[float32], x buffers) { s.copyTiles(2, x.a, x.c[:13], 8) }},
		{"Softmax", func(s *Set[float32], x buffers) { s.Softmax(n, x.a[:n], x.c[:n-1]) }},
		{"Softmax: half a row", func(s *Set[float32], x buffers) { s.Softmax(n, x.a[:n+1], x.c[:2*n]) }},
		{"Softmax: rows of nothing", func(s *Set[float32], x buffers) { s.Softmax(0, x.a[:n], x.c[:n]) }},
		{"lstmForward: z", func(s *Set[float32], x buffers) { s.lstmForward(n, x.c[:4*n-1], n, x.a, x.d, x.e, x.f) }},
		{"lstmForward: before", func(s *Set[float32], x buffers) { s.lstmForward(n, x.c, n, x.a[:n-1], x.d, x.e, x.f) }},
		{"lstmForward: c", func(s *Set[float32], x buffers) { s.lstmForward(n, x.c, n, x.a, x.d[:n-1], x.e, x.f) }},
		{"lstmForward: tanh c", func(s *Set[float32], x buffers) { s.lstmForward(n, x.c, n, x.a, x.d, x.e[:n-1], x.f) }},
		{"lstmForward: h", func(s *Set[float32], x buffers) { s.lstmForward(n, x.c, n, x.a, x.d, x.e, x.f[:n-1]) }},
		{"lstmForward: gates that add up to nothing", func(s *Set[float32], x buffers) {
			s.lstmForward(8, x.c, math.MaxUint/3+1, x.a, x.d, x.e, x.f)
		}},
		{"lstmBackward: z", func(s *Set[float32], x buffers) { s.lstmBackward(n, x.a[:4*n-1], n, x.b, x.b, x.b, x.c, x.d) }},
		{"lstmBackward: before", func(s *Set[float32], x buffers) { s.lstmBackward(n, x.a, n, x.b[:n-1], x.b, x.b, x.c, x.d) }},
		{"lstmBackward: tanh c", func(s *Set[float32], x buffers) { s.lstmBackward(n, x.a, n, x.b, x.b[:n-1], x.b, x.c, x.d) }},
		{"lstmBackward: dh", func(s *Set[float32], x buffers) { s.lstmBackward(n, x.a, n, x.b, x.b, x.b[:n-1], x.c, x.d) }},
		{"lstmBackward: dc", func(s *Set[float32], x buffers) { s.lstmBackward(n, x.a, n, x.b, x.b, x.b, x.c[:n-1], x.d) }},
		{"lstmBackward: dz", func(s *Set[float32], x buffers) { s.lstmBackward(n, x.a, n, x.b, x.b, x.b, x.c, x.d[:4*n-1]) }},
		{"gruForward: z", func(s *Set[float32], x buffers) { s.gruForward(n, x.c[:4*n-1], n, x.a, x.d) }},
		{"gruForward: before", func(s *Set[float32], x buffers) { s.gruForward(n, x.c, n, x.a[:n-1], x.d) }},
		{"gruForward: h", func(s *Set[float32], x buffers) { s.gruForward(n, x.c, n, x.a, x.d[:n-1]) }},
		{"gruBackward: z", func(s *Set[float32], x buffers) { s.gruBackward(n, x.a[:4*n-1], n, x.b, x.c, x.d) }},
		{"gruBackward: before", func(s *Set[float32], x buffers) { s.gruBackward(n, x.a, n, x.b[:n-1], x.c, x.d) }},
		{"gruBackward: dh", func(s *Set[float32], x buffers) { s.gruBackward(n, x.a, n, x.b, x.c[:n-1], x.d) }},
		{"gruBackward: dz", func(s *Set[float32], x buffers) { s.gruBackward(n, x.a, n, x.b, x.c, x.d[:4*n-1]) }},
	} {
		for _, s := range sets() {
			var x buffers
			all := make([][]float32, 0, 6)
			for _, p := range []*[]float32{&x.a, &x.b, &x.c, &x.d, &x.e, &x.f} {
				*p = slices.Repeat([]float32{1}, 4*k*n)
				all = append(all, *p)
			}
			if !panics(func() { c.f(s, x) }) {
				t.Errorf("%s: %s does not panic", s.Name, c.name)
			}
			if s.Name == "go" {
				continue // Go checks as it goes
			}
			for _, buffer := range all {
				for _, v := range buffer {
					if v != 1 {
						t.Fatalf("%s: %s wrote before it panicked", s.Name, c.name)
					}
				}
			}
		}
	}
	// Rows of a cell that are not whole vectors, or overlap, are for plain Go
	// as good as others.
	for _, s := range assembly() {
		z, r := make([]float32, 64), make([]float32, 64)
		for _, size := range [][2]int{{0, 8}, {7, 8}, {9, 16}, {-8, 8}, {8, 7}, {16, 8}} {
			if !panics(func() { s.gruForward(size[0], z, size[1], r, r) }) {
				t.Errorf("%s: a cell of %d elements, gates %d apart, does not panic", s.Name, size[0], size[1])
			}
		}
		for _, m := range []int{-1, 0} {
			if !panics(func() {
				s.tile(m, 16, 1, z, 1, 1, 0, z, 16, 16, make([]float32, 200), 16, nil, 0, nil)
			}) {
				t.Errorf("%s: a tile of %d rows does not panic", s.Name, m)
			}
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func TestNothing(t *testing.T) {
	for _, s := range sets() {
		s.Exp(nil, nil)
		s.Softmax(3, nil, nil)
		s.Axpy(1, nil, nil)
		s.Clip(nil, nil, 1, 1)
		if s.Squares(nil) != 0 || s.Sum(nil) != 0 || s.Dot(nil, nil) != 0 {
			t.Errorf("%s: a sum of nothing is not 0", s.Name)
		}
	}
}
