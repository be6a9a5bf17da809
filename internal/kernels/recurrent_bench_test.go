package kernels

import (
	"fmt"
	"testing"
)

// BenchmarkRecurrent times an LSTM's way forward and back, and of the latter
// the gradient of the weights for one span alone; with dropout between states
// beside it.
func BenchmarkRecurrent(b *testing.B) {
	for _, shape := range [][4]int{{30, 32, 1, 50}, {50, 32, 8, 64}, {100, 64, 16, 128}, {100, 64, 64, 256}, {20, 20, 200, 200}, {64, 32, 512, 512}} {
		cfg := Config{Steps: shape[0], Batch: shape[1], Features: shape[2], Units: shape[3], Bias: true, Training: true}
		benchmarkRecurrent(b, fmt.Sprint(shape), cfg)
		cfg.Dropout = true
		benchmarkRecurrent(b, fmt.Sprint(shape)+"/dropout", cfg)
	}
}

func benchmarkRecurrent(b *testing.B, name string, cfg Config) {
	steps, batch, features, units := cfg.Steps, cfg.Batch, cfg.Features, cfg.Units
	in := In[float32]{
		X: make([]float32, steps*batch*features), Kernel: make([]float32, features*4*units),
		Recurrent: make([]float32, units*4*units), Bias: make([]float32, 4*units),
	}
	if cfg.Dropout {
		in.DropX, in.DropH = make([]float32, 4*batch*features), make([]float32, 4*batch*units)
	}
	for _, x := range [][]float32{in.X, in.Kernel, in.Recurrent, in.Bias, in.DropX, in.DropH} {
		for i := range x {
			x[i] = float32(i%17-8) / 32
		}
	}
	out := Out[float32]{Y: make([]float32, batch*units)}
	grad := Grad[float32]{
		Y: out.Y, Kernel: make([]float32, len(in.Kernel)),
		Recurrent: make([]float32, len(in.Recurrent)), Bias: make([]float32, len(in.Bias)),
	}
	set := Float32()
	l := newRecurrent(set, set.LSTM(), cfg, weightsInParts)
	l.SetWeights(in)
	l.Forward(in, out)
	l.Backward(in, grad)
	products := 2 * float64(steps*batch) * float64(l.row*l.cols)
	run := func(part string, flops float64, f func()) {
		b.Run(name+part, func(b *testing.B) {
			for range b.N {
				f()
			}
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
		})
	}
	run("/weights", 0, func() { l.SetWeights(in) })
	run("/forward", products, func() { l.Forward(in, out) })
	run("/backward", products+2*float64(steps*batch*l.n*l.cols), func() { l.Backward(in, grad) })
	run("/weightGrad", products*float64(l.span)/float64(steps), func() { l.weightGrad(steps-l.span, steps, 0, l.row) })
}
