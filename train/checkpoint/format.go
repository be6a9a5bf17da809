package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// A checkpoint is one safetensors file. Tensors have the names of the maps in
// train.State, each after its kind:
//
//	weights/<path>    optimizer/<name>    carried/<name>
//	history/<log>     float64, one number for each finished epoch
//	totals/<log>      float64, of the epoch in progress
//	callbacks/<place>/numbers/<name>    float64, one number
//	callbacks/<place>/tensors/<name>
//
// so that the bits of all numbers survive, also of NaN. Its metadata has
//
//	engram_checkpoint   the version of the format
//	engram_checksum     SHA-256 of the file, in which 64 zeros stand for the checksum
//	engram_state        header in JSON
//
// As in a saved model, an absent field is zero, and an unknown one comes from a newer
// version.
const (
	formatKey   = "engram_checkpoint"
	checksumKey = "engram_checksum"
	stateKey    = "engram_state"

	format = "1"
)

// header is what a checkpoint holds besides tensors.
type header struct {
	Epoch int      `json:"epoch,omitzero"`
	Step  int      `json:"step,omitzero"`
	Fit   *fit     `json:"fit,omitempty"`
	Empty []string `json:"empty,omitempty"` // names of lists without a number
}

type fit struct {
	Epoch     int             `json:"epoch,omitzero"`
	InEpoch   bool            `json:"in_epoch,omitzero"`
	Batch     int             `json:"batch,omitzero"`
	Batches   int             `json:"batches,omitzero"`
	Stopped   bool            `json:"stopped,omitzero"`
	Stream    *stream         `json:"stream,omitempty"`
	Setup     json.RawMessage `json:"setup,omitempty"`
	Epochs    []int           `json:"epochs,omitempty"`    // of the history
	Callbacks []int           `json:"callbacks,omitempty"` // places of those with a state
}

// stream is a train.StreamPosition.
type stream struct {
	Pass    int `json:"pass,omitzero"`
	Batches int `json:"batches,omitzero"`
	Samples int `json:"samples,omitzero"`
}

// encode puts a state in the form of a file.
func encode(s *train.State) (safetensors.File, error) {
	h := header{Epoch: s.Epoch, Step: s.Step}
	all := map[string]*tensor.Dense{}
	add := func(kind string, tensors map[string]*tensor.Dense) {
		for name, t := range tensors {
			all[kind+"/"+name] = t
		}
	}
	list := func(name string, numbers []float64) {
		if len(numbers) == 0 {
			h.Empty = append(h.Empty, name)
			return
		}
		all[name] = dense.Of(slices.Clone(numbers), len(numbers))
	}
	add("weights", s.Weights)
	add("optimizer", s.Optimizer)
	add("carried", s.Carried)
	if at := s.Fit; at != nil {
		h.Fit = &fit{Epoch: at.Epoch, InEpoch: at.InEpoch, Batch: at.Batch, Batches: at.Batches, Stopped: at.Stopped, Stream: (*stream)(at.Stream),
			Setup: json.RawMessage(at.Setup), Epochs: at.History.Epochs, Callbacks: slices.Sorted(maps.Keys(at.Callbacks))}
		for name, numbers := range at.History.Values {
			list("history/"+name, numbers)
		}
		for name, numbers := range at.Totals {
			list("totals/"+name, numbers)
		}
		for place, c := range at.Callbacks {
			add(fmt.Sprintf("callbacks/%d/tensors", place), c.Tensors)
			for name, x := range c.Numbers {
				list(fmt.Sprintf("callbacks/%d/numbers/%s", place, name), []float64{x})
			}
		}
	}
	slices.Sort(h.Empty)
	text, err := json.Marshal(h)
	return safetensors.File{Metadata: map[string]string{formatKey: format, stateKey: string(text)}, Tensors: all}, errors.WithStack(err)
}

// parse reads the metadata of a checkpoint.
func parse(metadata map[string]string) (h header, err error) {
	if got := metadata[formatKey]; got != format {
		return h, graph.Error{Field: formatKey, Rule: "must be " + format + ", or the file comes from a newer version of Engram", Value: strconv.Quote(got)}
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if key != formatKey && key != checksumKey && key != stateKey {
			return h, newer(key)
		}
	}
	text := []byte(metadata[stateKey])
	const deepest = 200 // the config of a model may have 100 levels
	if err := strictjson.Check(text, deepest); err != nil {
		return h, errs.At(err, "", stateKey)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return h, graph.Error{Field: stateKey, Rule: "must have the fields of this version of Engram", Value: err}
	}
	return h, nil
}

func newer(name string) error {
	return graph.Error{Field: strictjson.Label(name), Rule: "must be known, unless the file comes from a newer version of Engram"}
}

// decode is the inverse of encode.
func decode(h header, tensors map[string]*tensor.Dense) (*train.State, error) {
	s := &train.State{Weights: map[string]*tensor.Dense{}, Optimizer: map[string]*tensor.Dense{}, Epoch: h.Epoch, Step: h.Step}
	if h.Fit != nil {
		s.Fit = &train.FitState{Epoch: h.Fit.Epoch, InEpoch: h.Fit.InEpoch, Batch: h.Fit.Batch, Batches: h.Fit.Batches, Stopped: h.Fit.Stopped, Stream: (*train.StreamPosition)(h.Fit.Stream),
			Setup: string(h.Fit.Setup), Totals: map[string][]float64{}, History: train.History{Epochs: h.Fit.Epochs, Values: map[string][]float64{}},
			Callbacks: map[int]train.CallbackState{}}
		for _, place := range h.Fit.Callbacks {
			s.Fit.Callbacks[place] = train.CallbackState{Numbers: map[string]float64{}, Tensors: map[string]*tensor.Dense{}}
		}
	}
	for _, name := range h.Empty {
		if err := put(s, name, nil); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		if err := put(s, name, tensors[name]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// put puts a tensor in its place in the state. Nil is a list without a number.
func put(s *train.State, name string, t *tensor.Dense) error {
	kind, rest, _ := strings.Cut(name, "/")
	list := kind == "history" || kind == "totals"
	switch {
	case t == nil && !list, s.Fit == nil && (list || kind == "callbacks"):
		return newer(name)
	case kind == "weights":
		s.Weights[rest] = t
	case kind == "optimizer":
		s.Optimizer[rest] = t
	case kind == "carried":
		if s.Carried == nil {
			s.Carried = map[string]*tensor.Dense{}
		}
		s.Carried[rest] = t
	case list:
		x, err := numbers(name, t)
		if err != nil {
			return err
		}
		if kind == "history" {
			s.Fit.History.Values[rest] = x
		} else {
			s.Fit.Totals[rest] = x
		}
	case kind == "callbacks":
		return putCallback(s.Fit.Callbacks, name, rest, t)
	default:
		return newer(name)
	}
	return nil
}

func putCallback(states map[int]train.CallbackState, name, rest string, t *tensor.Dense) error {
	place, rest, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(place)
	c, ok := states[i]
	kind, rest, _ := strings.Cut(rest, "/")
	switch {
	case err != nil || !ok:
		return newer(name)
	case kind == "tensors":
		c.Tensors[rest] = t
	case kind == "numbers":
		x, err := numbers(name, t)
		if err == nil && len(x) != 1 {
			err = graph.Error{Path: strictjson.Label(name), Field: "tensor", Rule: "must be one number", Value: len(x)}
		}
		if err != nil {
			return err
		}
		c.Numbers[rest] = x[0]
	default:
		return newer(name)
	}
	return nil
}

// numbers are those of a list. Nil has none.
func numbers(name string, t *tensor.Dense) ([]float64, error) {
	if t == nil {
		return nil, nil
	}
	if t.Dtype() != tensor.Float64 || t.Dims() != 1 {
		return nil, graph.Error{Path: strictjson.Label(name), Field: "tensor", Rule: "must be a list of float64", Value: fmt.Sprintf("%v %v", t.Dtype(), t.Shape())}
	}
	return t.Float64s(), nil
}
