package conformance

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// Golden has numbers of an implementation that is not Engram's, in an .npz file that a
// committed script writes. The keys of a case begin with its name and an underscore:
//
//	x, x1, ...  the inputs
//	output      the first output, of which the loss is sum(output * r)
//	r           the weights of the loss
//	grad_x ...  the gradients of the inputs
//	NAME        a weight of the layer, for each
//	grad_NAME   its gradient
type Golden struct {
	File  string                  // such as "testdata/dense.npz"
	Cases map[string]layers.Layer // by the name in the file
}

// checkGolden compares outputs and gradients with those of the file, in both dtypes.
func checkGolden(t *testing.T, l Layer) {
	if l.Golden.File == "" {
		return
	}
	found := map[string]map[string]graphtest.Array{}
	all := graphtest.Golden(t, l.Golden.File)
	for key, a := range all {
		if name, rest, ok := strings.Cut(key, "_"); ok {
			if found[name] == nil {
				found[name] = map[string]graphtest.Array{}
			}
			found[name][rest] = a
		}
	}
	if got, want := slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(l.Golden.Cases)); !slices.Equal(got, want) {
		t.Fatalf("%s has the cases %v, and the specimen %v", l.Golden.File, got, want)
	}
	for name, layer := range l.Golden.Cases {
		t.Run(name, func(t *testing.T) {
			compareGolden(t, layer, found[name], tensor.Float64, graphtest.Tol64)
			compareGolden(t, layer, found[name], tensor.Float32, graphtest.Tol32)
		})
	}
}

func compareGolden(t *testing.T, l layers.Layer, golden map[string]graphtest.Array, dtype tensor.Dtype, tol float64) {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	var names []string // what there are gradients of
	build := func(s *graph.Scope) {
		var in []graph.Value
		names = nil
		for a, name := golden["x"], "x"; a.Shape != nil; a = golden[name] {
			in, names = append(in, s.Values(a.Data, a.Shape)), append(names, name)
			name = fmt.Sprint("x", len(in))
		}
		y := layers.Apply(s, "layer", l, in...)[0]
		s.Output("output", y)
		for _, b := range s.Bound() {
			in, names = append(in, b.Value), append(names, path.Base(b.Param.Path))
		}
		for i, g := range s.Gradients(y.Times(s.Values(golden["r"].Data, golden["r"].Shape)).Sum(), in...) {
			s.Output("grad_"+names[i], g)
		}
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Seed: 1}, build)
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	weights := map[string]*tensor.Dense{}
	for _, p := range params.All() {
		a, ok := golden[path.Base(p.Path)]
		if !ok {
			t.Fatalf("the file has no weight %s", path.Base(p.Path))
		}
		weights[p.Path] = dense(dtype, a)
	}
	if err := params.Set(weights); err != nil {
		t.Fatal(err)
	}
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []float64 {
		y, err := prog.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		return float64s(y)
	}
	graphtest.CheckOutput(t, fmt.Sprint(dtype, " output"), read("output"), golden["output"].Data, tol)
	for _, name := range names {
		graphtest.CheckGradient(t, fmt.Sprint(dtype, " gradient of ", name), read("grad_"+name), golden["grad_"+name].Data, tol)
	}
}

// dense is a tensor of an array's elements.
func dense(dtype tensor.Dtype, a graphtest.Array) *tensor.Dense {
	x := tensor.New(tensor.Of(dtype), tensor.WithShape(a.Shape...))
	for i, e := range a.Data {
		if dtype == tensor.Float64 {
			x.Float64s()[i] = e
		} else {
			x.Float32s()[i] = float32(e)
		}
	}
	return x
}

// float64s are the elements of a tensor of any of the two dtypes.
func float64s(x *tensor.Dense) []float64 {
	if x.Dtype() == tensor.Float64 {
		return slices.Clone(x.Float64s())
	}
	var out []float64
	for _, e := range x.Float32s() {
		out = append(out, float64(e))
	}
	return out
}
