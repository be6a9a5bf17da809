package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// AdditiveAttention looks at a sequence of values as Attention does, and
// compares each query with each key by a sum (Bahdanau et al. 2015, "Neural
// Machine Translation by Jointly Learning to Align and Translate"):
//
//	scores[t, s] = Σ scale ⊙ tanh(query[t] + key[s])
//	weights = softmax(scores)    y = weights·value
//
//	in:      query [batch, query steps, features], value [batch, value steps, n],
//	         key [batch, value steps, features]; the key is the value where it
//	         is not given, and with one input a sequence attends to itself
//	out:     [batch, query steps, n]; with ReturnAttentionScores also the
//	         weights, [batch, query steps, value steps]
//	weights: scale [features]
//
// The matrices of the paper are not part of it: put a Dense before query and
// key. Masks are those of Attention. It takes memory for batch · query steps ·
// value steps · features.
type AdditiveAttention struct {
	NoScale               bool    // leaves the scale out
	Dropout               float64 // part of the weights dropped in training, 0 ≤ Dropout < 1
	Seed                  *uint64 // of the dropout; the model's where nil
	UseCausalMask         bool    // a query does not look at values after its own step
	ReturnAttentionScores bool    // gives the weights too, after dropout
	Name                  string  // "additive_attention", numbered, where empty
}

var _ Resolver = AdditiveAttention{}

// Resolve checks the dropout.
func (l AdditiveAttention) Resolve() (Layer, error) {
	return l, rate("AdditiveAttention.Dropout", l.Dropout)
}

// Call computes the layer.
func (l AdditiveAttention) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	a, ok := attendedBy(s, "AdditiveAttention", inputs, false)
	if !ok || !a.sameFeatures(s, "AdditiveAttention") {
		return inputs
	}
	a.recall(s, l.UseCausalMask)
	fit := a.pairs().Tanh() // [batch, query steps, value steps, features]
	var scores graph.Value  // [batch, query steps, value steps]
	if l.NoScale {
		scores = fit.Sum(-1)
	} else {
		scale := s.Param("scale", graph.Shape{a.query.Dim(2)}, initializers.GlorotUniform)
		scores = graph.Einsum("btsd,d->bts", fit, scale)
	}
	soft := softAttention{l.Dropout, l.Seed, l.UseCausalMask, l.ReturnAttentionScores}
	return soft.call(s, a, scores)
}
