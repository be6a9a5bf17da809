package models_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// savedFiles holds files of earlier versions. The program make.go there says how
// they were made; what it defines as a user is repeated below.
const savedFiles = "testdata/saved"

type (
	offset struct {
		Amount     float64
		Activation activations.Activation
		Start      graph.Initializer
		Sizes      []int
		Rates      map[string]float64
		Name       string
	}
	named  string
	leak   struct{ Rate *float64 }
	rising struct{ Step float32 }
)

const cube named = "cube"

func (l offset) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	shift := s.Param("shift", graph.Shape{2}, l.Start) // [2]
	return []graph.Value{l.Activation.Apply(inputs[0].Add(shift).AddConst(l.Amount * l.Rates["once"]))}
}

func (named) Apply(x graph.Value) graph.Value { return x.Times(x).Times(x) }

func (c leak) States() []int { return []int{2} }

func (c leak) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h := states[0].Scale(*c.Rate).Add(x) // [batch, 2]
	return h, []graph.Value{h}
}

func (r rising) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = float64(r.Step) * float64(i+1)
	}
	return out, nil
}

var savedConfig = models.LoadConfig{Custom: []any{offset{}, cube, leak{}, rising{}, halve}}

// savedBits is a tensor in expected.json: its elements little-endian.
type savedBits struct {
	Dtype string
	Shape []int
	Bytes []byte
}

func (b savedBits) tensor(t *testing.T) *tensor.Dense {
	t.Helper()
	var backing any = make([]float32, len(b.Bytes)/4)
	if b.Dtype == "float64" {
		backing = make([]float64, len(b.Bytes)/8)
	}
	if err := binary.Read(bytes.NewReader(b.Bytes), binary.LittleEndian, backing); err != nil {
		t.Fatal(err)
	}
	return tensor.New(tensor.WithShape(b.Shape...), tensor.WithBacking(backing))
}

func tensors(t *testing.T, all []savedBits) []*tensor.Dense {
	out := make([]*tensor.Dense, len(all))
	for i, b := range all {
		out[i] = b.tensor(t)
	}
	return out
}

// savedCase is what a file must give.
type savedCase struct {
	File    string
	Model   string   // whose states a file holds
	SHA256  string   // of the weights
	Frozen  []string // paths of weights
	Inputs  []savedBits
	Outputs map[string][]savedBits // by the name of the kernels
}

func savedCases(t *testing.T) []savedCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(savedFiles, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []savedCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// Files of earlier versions load for ever, and predict what they predicted then: up to
// last bits with kernels and a processor for which that was recorded, and elsewhere up to
// rounding.
func TestSavedFilesStayReadable(t *testing.T) {
	cases := savedCases(t)
	for _, set := range []string{"go", "avx2", "avx512"} {
		t.Run(set, func(t *testing.T) {
			t.Setenv(kernels.Variable, set)
			if kernels.Float32().Name != set {
				t.Skip("the processor or the build has no such kernels")
			}
			for _, c := range cases {
				t.Run(c.File, func(t *testing.T) { c.check(t, set) })
			}
		})
	}
}

func (c savedCase) check(t *testing.T, set string) {
	want, ok := c.Outputs[strings.ReplaceAll(set, "avx512", "avx2")] // which give the same bits
	if !ok {
		want = c.Outputs["go"]
	}
	got := c.run(t)
	if len(got) != len(want) {
		t.Fatalf("got %d outputs, want %d", len(got), len(want))
	}
	for i := range want {
		what := fmt.Sprint("output ", i)
		if runtime.GOARCH == "amd64" {
			lastBits(t, what, got[i], want[i].tensor(t))
		} else {
			near(t, what, got[i], want[i].tensor(t))
		}
	}
}

// run loads the file and gives what it predicts.
func (c savedCase) run(t *testing.T) []*tensor.Dense {
	path, x := filepath.Join(savedFiles, c.File), tensors(t, c.Inputs)
	if c.Model != "" {
		return c.step(t, x)
	}
	m, err := models.Load(path, savedConfig)
	if filepath.Ext(path) == ".json" {
		var text []byte
		if text, err = os.ReadFile(path); err == nil {
			m, err = models.FromJSON(text, savedConfig)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := hash(t, m); got != c.SHA256 {
		t.Errorf("weights of SHA-256 %s, want %s", got, c.SHA256)
	}
	c.checkFrozen(t, m)
	y, err := m.PredictAll(ctx, x...)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func (c savedCase) checkFrozen(t *testing.T, m *models.Model) {
	text, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Frozen []string `json:"engram_frozen"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Frozen, got.Frozen); diff != "" {
		t.Errorf("frozen weights (-want +got):\n%s", diff)
	}
}

// step loads states and takes the two steps whose outputs are known.
func (c savedCase) step(t *testing.T, x []*tensor.Dense) (out []*tensor.Dense) {
	m, err := models.Load(filepath.Join(savedFiles, c.Model), savedConfig)
	if err != nil {
		t.Fatal(err)
	}
	st, err := m.Stepper(models.StepperConfig{Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.LoadStates(filepath.Join(savedFiles, c.File)); err != nil {
		t.Fatal(err)
	}
	for half := range slices.Chunk(x, len(x)/2) {
		y, err := st.StepAll(context.Background(), half...)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, y...)
	}
	return out
}

// lastBits reports elements that differ by more than 4 units in the last place of the
// largest element. A version may add in another order or approximate a function in
// another way, which the changelog then says. So far that has changed elements by up to
// 1.1 such units, in float32 only. Another meaning of a file changes far more.
func lastBits(t *testing.T, what string, got, want *tensor.Dense) {
	t.Helper()
	unit := 0x1p-23
	if want.Dtype() == tensor.Float64 {
		unit = 0x1p-52
	}
	y, largest := reflect.ValueOf(want.Data()), 0.0
	for i := range y.Len() {
		largest = max(largest, math.Abs(y.Index(i).Float()))
	}
	within(t, what, got, want, func(float64) float64 { return 4 * unit * largest })
}

// near reports elements that differ by more than rounding on another processor
// explains.
func near(t *testing.T, what string, got, want *tensor.Dense) {
	t.Helper()
	tolerance := 1e-5
	if want.Dtype() == tensor.Float64 {
		tolerance = 1e-12
	}
	within(t, what, got, want, func(x float64) float64 { return tolerance * max(1, math.Abs(x)) })
}

// within reports a dtype, a shape and elements that differ, these by more than tolerance
// gives for the wanted one.
func within(t *testing.T, what string, got, want *tensor.Dense, tolerance func(float64) float64) {
	t.Helper()
	if got.Dtype() != want.Dtype() || !slices.Equal(got.Shape(), want.Shape()) {
		t.Fatalf("%s: got %v %v, want %v %v", what, got.Dtype(), got.Shape(), want.Dtype(), want.Shape())
	}
	x, y := reflect.ValueOf(got.Data()), reflect.ValueOf(want.Data())
	for i := range x.Len() {
		a, b := x.Index(i).Float(), y.Index(i).Float()
		if !(math.Abs(a-b) <= tolerance(b)) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, a, b)
		}
	}
}

// The two sets of kernels that are recorded agree as near would have it for a third.
func TestSavedFilesOnOtherProcessors(t *testing.T) {
	for _, c := range savedCases(t) {
		for i, b := range c.Outputs["avx2"] {
			near(t, fmt.Sprint(c.File, " output ", i), b.tensor(t), c.Outputs["go"][i].tensor(t))
		}
	}
}

// The files hold every type that a file could hold when they were made.
func TestSavedFilesHoldEveryType(t *testing.T) {
	var all strings.Builder
	for _, c := range savedCases(t) {
		text, err := os.ReadFile(filepath.Join(savedFiles, c.File))
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(strings.ReplaceAll(string(text), `\"`, `"`))
	}
	for _, class := range strings.Fields(`Sequential Functional
		Activation Add AdditiveAttention Attention Average AveragePooling1D BatchNormalization Bidirectional Concatenate Conv1D Dense Dot
		Dropout Embedding Flatten GaussianNoise GlobalAveragePooling1D GlobalMaxPooling1D GRU Input Lambda LayerNormalization LSTM Masking
		Maximum MaxPooling1D Minimum MultiHeadAttention Multiply Permute PositionEmbedding RepeatVector Reshape RNN SimpleRNN
		SinePositionEncoding SpatialDropout1D Subtract TimeDistributed GRUCell LSTMCell SimpleRNNCell SLSTMCell StackedRNNCells
		FixedState RandomState ZeroState
		LeakyReLU ELU CELU GELU Squareplus HardShrink SoftShrink Threshold Softmax LogSoftmax Sparsemax GLU
		Constant Identity RandomNormal TruncatedNormal RandomUniform VarianceScaling Orthogonal
		L1 L2 L1L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg UnitNorm offset leak rising`) {
		if !strings.Contains(all.String(), `"class_name":"`+class+`"`) {
			t.Errorf("no file holds a %s", class)
		}
	}
	for _, name := range strings.Fields(`linear relu relu6 selu softplus softsign sparse_plus silu mish tanh tanh_shrink sigmoid log_sigmoid sparse_sigmoid
		hard_sigmoid hard_sigmoid_v1 hard_silu hard_tanh exponential zeros ones glorot_uniform glorot_normal he_uniform he_normal lecun_uniform
		lecun_normal cube halve`) {
		if !strings.Contains(all.String(), `"`+name+`"`) {
			t.Errorf("no file holds the name %s", name)
		}
	}
}
