package models_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

func svg(t *testing.T, m interface{ WriteSVG(io.Writer) error }) string {
	t.Helper()
	var b strings.Builder
	if err := m.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func count(text, part string) int { return strings.Count(text, part) }

// A drawing is XML with a box for every call, a line for every tensor that a
// layer takes, and all names and shapes.
func TestWriteSVG(t *testing.T) {
	odd := models.NewSequential(models.Config{Name: `<&">`}, layers.Input{Shape: graph.Shape{2}}, layers.Dense{Units: 1, Name: strings.Repeat("ä", 50)})
	for name, c := range map[string]struct {
		m                                    interface{ WriteSVG(io.Writer) error }
		boxes, lines, inputs, outputs, again int
		says                                 []string
	}{
		"branches": {branches(models.Config{}), 8, 8, 2, 2, 1, []string{">series<", ">LSTM<", "[any, any, 2]", ">0<"}},
		"states":   {translator(models.Config{}), 5, 5, 2, 1, 0, []string{">1<", ">2<", ">decoder<"}},
		"nested":   {towers(false, models.Config{}), 4, 3, 1, 3, 0, []string{">sequential_1<", ">deep<", "Sequential"}},
		"chain":    {forecaster(models.Config{}), 3, 2, 1, 1, 0, nil},
		"names":    {odd, 2, 1, 1, 1, 0, []string{"&lt;&amp;", strings.Repeat("ä", 35) + "…"}},
		"passed":   {passThrough(), 1, 0, 1, 1, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := svg(t, c.m)
			for d := xml.NewDecoder(strings.NewReader(text)); ; {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%v:\n%s", err, text)
				}
			}
			got := []int{count(text, "<rect class="), count(text, "<path d="), count(text, `class="input`), count(text, `output" x`), count(text, "again")}
			if want := []int{c.boxes, c.lines, c.inputs, c.outputs, c.again + 1}; !slices.Equal(got, want) { // once in the style
				t.Errorf("got boxes, lines, inputs, outputs, later calls %v, want %v:\n%s", got, want, text)
			}
			for _, s := range c.says {
				if !strings.Contains(text, s) {
					t.Errorf("the drawing must say %s:\n%s", s, text)
				}
			}
			if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || svg(t, c.m) != text {
				t.Errorf("numbers must be finite, and the same each time:\n%s", text)
			}
		})
	}
}

// passThrough gives its input back.
func passThrough() *models.Functional {
	x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
	return models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{x})
}

func TestWriteSVGRefuses(t *testing.T) {
	errtest.Check(t, branches(models.Config{}).WriteSVG(nil), graph.Error{Path: "functional", Field: "writer"})
	errtest.Check(t, models.NewSequential(models.Config{}).WriteSVG(io.Discard), graph.Error{Path: "sequential", Field: "model"})
	full := errors.New("disk full")
	if err := branches(models.Config{}).WriteSVG(brokenWriter{full}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	// Every layer takes what all before it give.
	x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
	all := []models.Tensor{x}
	for range 60 {
		all = append(all, models.Use(plus{}).Call(all...))
	}
	m := models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{all[len(all)-1]})
	errtest.Check(t, m.WriteSVG(io.Discard), graph.Error{Path: "functional", Field: "model", Value: "61"})
}
