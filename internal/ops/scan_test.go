package ops

import (
	"errors"
	"slices"
	"testing"
)

// linear is the step h' = x + w·h with y = h', one element a sample, and its
// gradient; the leaves are x, h, w and, for the gradient, those that come in.
type linear struct {
	gradient bool
	leaves   [6][]float64
	results  [3][]float64
	fails    bool
}

func (s *linear) KeptSize() int { return 0 }

func (s *linear) Forget() {}

func (s *linear) Keep([]float64, int) {}

func (s *linear) Divide(_ int, f func(part Step[float64], from, end int) error) error {
	return f(s, 0, 2)
}

func (s *linear) Set(leaf int, data []float64) { s.leaves[leaf] = data }

func (s *linear) Result(i int) []float64 { return s.results[i] }

func (s *linear) Run() error {
	if s.fails {
		return errors.New("no more")
	}
	x, h, w := s.leaves[0], s.leaves[1], s.leaves[2]
	n := len(x)
	if !s.gradient {
		next := make([]float64, n)
		for i := range next {
			next[i] = x[i] + w[0]*h[i]
		}
		s.results = [3][]float64{next, next, {next[0]}} // y, h', a loss: h' of the first sample
		return nil
	}
	dh, dx, dw := make([]float64, n), make([]float64, n), []float64{0}
	for i := range n {
		d := s.leaves[3][i] + s.leaves[4][i] // of y and of h'
		if i == 0 {
			d += s.leaves[5][0] // of the loss
		}
		dh[i], dx[i] = w[0]*d, d
		dw[0] += d * h[i]
	}
	s.results = [3][]float64{dh, dx, dw}
	return nil
}

// place gives a kernel memory that held something else.
func place(k Kernel[float64]) {
	if s, ok := k.(Scratch[float64]); ok {
		s.SetScratch(filled(s.ScratchSize(), 1e9))
	}
}

// A scan and its gradient are those of the step written out, in both directions,
// with the output of all steps and of the last.
func TestScan(t *testing.T) {
	const steps, w = 4, 3.0
	x := []float64{1, -1, 2, 0, 3, 2, 4, 5} // [4 steps, 2 samples]
	initial := []float64{1, -2}
	for _, backwards := range []bool{false, true} {
		for _, sequence := range []bool{false, true} {
			plan := &Scan{
				Steps: steps, Backwards: backwards, Sequence: sequence,
				Cuts: []Cutting{{Size: 2}}, Carries: []int{2}, Initial: 1,
				Y: Piece{Samples: 2, Size: 2}, Losses: 1, Training: true,
			}
			forward := NewScan(plan, Step[float64](&linear{}))
			place(forward)
			out := filled(plan.Size(), 1e9)
			in := [][]float64{x, initial, {w}}
			if err := forward.Run(out, in); err != nil {
				t.Fatal(err)
			}

			h := slices.Clone(initial)
			var ys [steps][2]float64
			loss := 0.0
			time := func(k int) int {
				if backwards {
					return steps - 1 - k
				}
				return k
			}
			for k := range steps {
				for i := range h {
					h[i] = x[time(k)*2+i] + w*h[i]
				}
				ys[k] = [2]float64(h)
				loss += h[0]
			}
			var want []float64
			if sequence {
				for i := range 2 {
					for k := range steps {
						want = append(want, ys[k][i])
					}
				}
			} else {
				want = slices.Clone(h)
			}
			want = append(append(want, h...), loss)
			if !slices.Equal(out, want) {
				t.Errorf("backwards %v, sequence %v: got %v, want %v", backwards, sequence, out, want)
			}

			// The gradient of Σ y + 2·Σ h + 3·loss.
			grad := ScanGradient{Scan: plan, At: []int{0, 8, 10}, Terms: []Term{{Whole: 2}}}
			backward := NewScanGradient(grad, forward, Step[float64](&linear{gradient: true}))
			place(backward)
			dout := filled(plan.Size(), 1)
			for i := range 3 {
				dout[len(dout)-3+i] = []float64{2, 2, 3}[i]
			}
			got := filled(11, 1e9)
			if err := backward.Run(got, append(slices.Clone(in), out, dout)); err != nil {
				t.Fatal(err)
			}
			wantGrad := make([]float64, 11)
			for i := range 2 {
				d := 2.0
				for k := steps - 1; k >= 0; k-- {
					if sequence || k == steps-1 {
						d++
					}
					if i == 0 {
						d += 3
					}
					wantGrad[time(k)*2+i] = d
					before := initial[i]
					if k > 0 {
						before = ys[k-1][i]
					}
					wantGrad[10] += d * before
					d *= w
				}
				wantGrad[8+i] = d
			}
			if !slices.Equal(got, wantGrad) {
				t.Errorf("backwards %v, sequence %v: gradient %v, want %v", backwards, sequence, got, wantGrad)
			}
		}
	}
}

// The error of a step is that of the scan.
func TestScanFails(t *testing.T) {
	plan := &Scan{Steps: 2, Cuts: []Cutting{{Size: 1}}, Carries: []int{1}, Initial: 1, Y: Piece{Samples: 1, Size: 1}, Losses: 1}
	k := NewScan(plan, Step[float64](&linear{fails: true}))
	place(k)
	if err := k.Run(make([]float64, plan.Size()), [][]float64{{1, 2}, {0}, {1}}); err == nil {
		t.Error("no error")
	}
}
