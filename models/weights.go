package models

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// Weight is a copy of one parameter.
type Weight struct {
	Path  string // such as "sequential/lstm/kernel"
	Value *tensor.Dense
}

// Weights returns copies of all parameters, in the order of the layers.
func (m *Model) Weights() ([]Weight, error) {
	params, err := m.Params()
	if err != nil {
		return nil, err
	}
	all := params.All()
	out := make([]Weight, len(all))
	return out, params.View(func() error {
		for i, p := range all {
			out[i] = Weight{p.Path, p.Value().Clone().(*tensor.Dense)}
		}
		return nil
	})
}

// Weight returns a copy of the parameter of that path, which begins with the name
// of the model, as in Weights: "sequential/lstm/kernel".
func (m *Model) Weight(path string) (*tensor.Dense, error) {
	weights, err := m.Weights()
	if err != nil {
		return nil, err
	}
	for _, w := range weights {
		if w.Path == path {
			return w.Value, nil
		}
	}
	return nil, graph.Error{Path: path, Field: "weight", Rule: "must belong to the model"}
}

// SetWeights copies tensors into the parameters of their paths. Dtypes and
// shapes must be equal, all elements finite and no path given twice; otherwise
// nothing is changed.
func (m *Model) SetWeights(weights ...Weight) error {
	params, err := m.Params()
	if err != nil {
		return err
	}
	values := make(map[string]*tensor.Dense, len(weights))
	for _, w := range weights {
		if _, ok := values[w.Path]; ok {
			return graph.Error{Path: w.Path, Field: "weight", Rule: "must be given once"}
		}
		values[w.Path] = w.Value
	}
	return params.Set(values)
}

// WeightsSHA256 is a hash in hexadecimal over the path, dtype, shape and
// little-endian bits of all parameters, sorted by path: equal weights, and
// only those, have equal hashes.
func (m *Model) WeightsSHA256() (string, error) {
	weights, err := m.Weights()
	if err != nil {
		return "", err
	}
	slices.SortFunc(weights, func(a, b Weight) int { return strings.Compare(a.Path, b.Path) })
	h := sha256.New()
	for _, w := range weights {
		fmt.Fprintf(h, "%q\n%v\n%v\n", w.Path, w.Value.Dtype(), []int(w.Value.Shape()))
		h.Write(littleEndian(w.Value))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func littleEndian(t *tensor.Dense) []byte {
	var out []byte
	if t.Dtype() == tensor.Float32 {
		for _, x := range t.Float32s() {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
		return out
	}
	for _, x := range t.Float64s() {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(x))
	}
	return out
}
