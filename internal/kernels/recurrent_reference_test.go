package kernels

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"
)

// layer is a recurrent layer as its equations say it, in plain float64 loops
// that share nothing with the kernels.
type layer struct {
	Config
	cell    string // "LSTM", "GRU", "SimpleRNN"
	gates   int
	parts   bool // the sums over h and x are made apart
	columns bool // and cores share columns
}

// bound is the bound from which the layer has parts.
func (l layer) bound() int {
	if l.parts {
		return 0
	}
	return weightsInParts
}

var (
	cellNames = []string{"LSTM", "GRU", "SimpleRNN"}
	gatesOf   = map[string]int{"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
)

// newLayer draws a layer.
func newLayer(t *rapid.T) layer {
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	from1 := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	name := rapid.SampledFrom(cellNames).Draw(t, "cell")
	return layer{cell: name, gates: gatesOf[name], parts: yes("parts"), columns: yes("columns"), Config: Config{
		Steps: from1("steps", 5), Batch: from1("batch", 4), Features: from1("features", 4), Units: from1("units", 10),
		Bias: yes("bias"), Backwards: yes("backwards"), Sequence: yes("sequence"), ZeroMask: yes("zero mask"),
		Training: true, InputGrad: yes("input gradient"), Dropout: yes("dropout"),
	}}
}

// inputs are random inputs of a layer.
func (l layer) inputs(rng *rand.Rand, masked bool) In[float64] {
	numbers := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = 2*rng.Float64() - 1
		}
		return x
	}
	columns := l.gates * l.Units
	in := In[float64]{
		X: numbers(l.Batch * l.Steps * l.Features), Kernel: numbers(l.Features * columns),
		Recurrent: numbers(l.Units * columns), H: numbers(l.Batch * l.Units),
	}
	if l.cell == "LSTM" {
		in.C = numbers(l.Batch * l.Units)
	}
	if l.Bias {
		rows := 1
		if l.cell == "GRU" {
			rows = 2
		}
		in.Bias = numbers(rows * columns)
	}
	if masked {
		in.Mask = make([]float64, l.Batch*l.Steps)
		for i := range in.Mask {
			in.Mask[i] = float64(rng.IntN(2))
		}
	}
	if l.Dropout { // of both masks one may be left out
		kind := rng.IntN(4)
		mask := func(n int) []float64 {
			x := make([]float64, n)
			for i := range x {
				x[i] = float64(rng.IntN(3)) / 2 // small, or the differences are not good enough
			}
			return x
		}
		if kind != 1 {
			in.DropX = mask(l.gates * l.Batch * l.Features)
		}
		if kind != 2 {
			in.DropH = mask(l.gates * l.Batch * l.Units)
		}
	}
	return in
}

// weights are random gradients of the outputs; those that are left out are nil.
func (l layer) weights(rng *rand.Rand, y, h, c bool) (g Grad[float64]) {
	rows := 1
	if l.Sequence {
		rows = l.Steps
	}
	make := func(want bool, n int) (x []float64) {
		for ; want && n > 0; n-- {
			x = append(x, 2*rng.Float64()-1)
		}
		return x
	}
	return Grad[float64]{
		Y: make(y, l.Batch*rows*l.Units), H: make(h, l.Batch*l.Units), C: make(c && l.cell == "LSTM", l.Batch*l.Units),
	}
}

// outputs allocates the results of a run, filled with what must not stay.
func (l layer) outputs() (y, h, c []float64) {
	rows := 1
	if l.Sequence {
		rows = l.Steps
	}
	y, h = filled[float64](l.Batch*rows*l.Units), filled[float64](l.Batch*l.Units)
	if l.cell == "LSTM" {
		c = filled[float64](l.Batch * l.Units)
	}
	return y, h, c
}

// run gives the outputs and the last states.
func (l layer) run(in In[float64]) (y, h, c []float64) {
	rows := 1
	if l.Sequence {
		rows = l.Steps
	}
	y = make([]float64, l.Batch*rows*l.Units)
	h, c = make([]float64, l.Batch*l.Units), make([]float64, l.Batch*l.Units)
	copy(h, in.H)
	copy(c, in.C)
	for b := range l.Batch {
		state, memory := h[b*l.Units:][:l.Units], c[b*l.Units:][:l.Units]
		output := make([]float64, l.Units) // zeros before the first step
		for step := range l.Steps {
			t := step
			if l.Backwards {
				t = l.Steps - 1 - step
			}
			if in.Mask == nil || in.Mask[b*l.Steps+t] != 0 {
				l.step(in, b, in.X[(b*l.Steps+t)*l.Features:][:l.Features], state, memory)
				copy(output, state)
			} else if l.ZeroMask {
				clear(output)
			}
			if l.Sequence {
				copy(y[(b*l.Steps+step)*l.Units:], output)
			}
		}
		if !l.Sequence {
			copy(y[b*l.Units:], output)
		}
	}
	return y, h, c
}

// step changes the state of one sample.
func (l layer) step(in In[float64], sample int, x, h, c []float64) {
	columns := l.gates * l.Units
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	bias := func(row, column int) float64 {
		if !l.Bias {
			return 0
		}
		return in.Bias[row*columns+column]
	}
	masked := func(masks []float64, gate, n, i int) float64 {
		if masks == nil {
			return 1
		}
		return masks[(gate*l.Batch+sample)*n+i]
	}
	ofX := func(gate, u int) (sum float64) {
		for d, v := range x {
			sum += masked(in.DropX, gate, l.Features, d) * v * in.Kernel[d*columns+gate*l.Units+u]
		}
		return sum
	}
	before := append([]float64{}, h...)
	ofH := func(gate, u int) (sum float64) {
		for d, v := range before {
			sum += masked(in.DropH, gate, l.Units, d) * v * in.Recurrent[d*columns+gate*l.Units+u]
		}
		return sum
	}
	for u := range l.Units {
		z := func(gate int) float64 { return ofX(gate, u) + ofH(gate, u) + bias(0, gate*l.Units+u) }
		switch l.cell {
		case "LSTM":
			c[u] = sigmoid(z(1))*c[u] + sigmoid(z(0))*math.Tanh(z(2))
			h[u] = sigmoid(z(3)) * math.Tanh(c[u])
		case "GRU":
			both := func(gate int) float64 { return z(gate) + bias(1, gate*l.Units+u) }
			update, reset := sigmoid(both(0)), sigmoid(both(1))
			fromX, fromH := ofX(2, u)+bias(0, 2*l.Units+u), ofH(2, u)+bias(1, 2*l.Units+u)
			h[u] = update*before[u] + (1-update)*math.Tanh(fromX+reset*fromH)
		default:
			h[u] = math.Tanh(z(0))
		}
	}
}

// loss is a weighted sum of all outputs, so that the weights are their
// gradients.
func (l layer) loss(in In[float64], w Grad[float64]) (sum float64) {
	y, h, c := l.run(in)
	for _, p := range [][2][]float64{{y, w.Y}, {h, w.H}, {c, w.C}} {
		for i, weight := range p[1] {
			sum += weight * p[0][i]
		}
	}
	return sum
}

// gradient is that of the loss for x, by four differences. They leave an error
// of the fourth power of the step, 1e-14, times the fifth derivative over 30,
// which may reach some thousands; and one of rounding, 1e-16 over the step.
func (l layer) gradient(in In[float64], w Grad[float64], x []float64) []float64 {
	const step = 3e-4
	grad := make([]float64, len(x))
	for i, at := range x {
		for _, d := range []struct{ steps, weight float64 }{{-2, 1}, {-1, -8}, {1, 8}, {2, -1}} {
			x[i] = at + d.steps*step
			grad[i] += d.weight * l.loss(in, w) / (12 * step)
		}
		x[i] = at
	}
	return grad
}
