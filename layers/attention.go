package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// Attention computes for each query a mean of the values, weighted by the similarity
// of their keys to the query (Luong et al. 2015, "Effective Approaches to
// Attention-based Neural Machine Translation"):
//
//	weights = softmax(scores)    y = weights·value
//
//	dot:    scores[t, s] = scale · Σ query[t]·key[s]
//	concat: scores[t, s] = concat_score_weight · Σ tanh(scale·(query[t] + key[s]))
//
//	in:      query [batch, query steps, features], value [batch, value steps, n],
//	         key [batch, value steps, features]; the key is the value where it
//	         is not given, and with one input a sequence attends to itself
//	out:     [batch, query steps, n]; with ReturnAttentionScores also the
//	         weights, [batch, query steps, value steps]
//	weights: scale [] with UseScale, concat_score_weight [] with ScoreConcat
//
// Scores are not divided by the square root of the number of features. The weight of a
// step that is masked in the value, or that UseCausalMask forbids, is exactly 0,
// whatever its score (Keras subtracts 10⁹ from the score, which larger scores outweigh).
// If no step is allowed, all weights and the output are 0. The output of a step that is
// masked in the query is 0, and the output has the query's mask. The key's mask is not
// used. Features must be known when the model is built.
//
// Dot scores run as one operation, which keeps no weights, unless they are returned, or
// dropped in training; see graph.DotAttention. ScoreConcat needs memory for batch · query
// steps · value steps · features.
type Attention struct {
	UseScale              bool      // multiply the scores by a learned scale, initially 1
	ScoreMode             ScoreMode // ScoreDot
	Dropout               float64   // fraction of the weights dropped in training, 0 ≤ Dropout < 1; 0
	Seed                  *uint64   // dropout seed; nil derives it from the model's seed and the layer's path
	UseCausalMask         bool      // a query does not attend to values after its step
	ReturnAttentionScores bool      // also return the weights, after dropout
	Name                  string    // "attention", numbered, where empty
}

// ScoreMode is how the score of a query and a key is computed.
type ScoreMode string

// The modes, spelt as in Keras.
const (
	ScoreDot    ScoreMode = "dot"
	ScoreConcat ScoreMode = "concat"
)

var _ Resolver = Attention{}

// Resolve fills in the defaults.
func (l Attention) Resolve() (Layer, error) {
	switch l.ScoreMode {
	case "":
		l.ScoreMode = ScoreDot
	case ScoreDot, ScoreConcat:
	default:
		return nil, graph.Error{Field: "Attention.ScoreMode", Rule: "must be one of dot, concat", Value: l.ScoreMode}
	}
	return l, rate("Attention.Dropout", l.Dropout)
}

// Call computes the layer.
func (l Attention) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	a, ok := newAttended(s, "Attention", inputs, false)
	if !ok || !a.checkFeatures(s, "Attention") {
		return inputs
	}
	a.recall(s, l.UseCausalMask)
	soft := softAttention{l.Dropout, l.Seed, l.UseCausalMask, l.ReturnAttentionScores}
	if l.ScoreMode != ScoreDot {
		sums := l.scaled(s, a.pairs()).Tanh().Sum(-1) // [batch, query steps, value steps]
		return soft.call(s, a, sums.Times(s.Param("concat_score_weight", graph.Shape{}, initializers.Ones)))
	}
	a.query = l.scaled(s, a.query)
	if l.ReturnAttentionScores || l.Dropout > 0 && s.Training() {
		return soft.call(s, a, graph.Einsum("btd,bsd->bts", a.query, a.key))
	}
	y := a.dot(a.query.Unsqueeze(2), a.key.Unsqueeze(2), a.value.Unsqueeze(2), 1, l.UseCausalMask, nil)
	y = y.At(2, 0) // [batch, query steps, n]
	if a.queries != nil {
		y = y.WithMask(*a.queries)
	}
	return []graph.Value{y}
}

// scaled multiplies with the learned scale.
func (l Attention) scaled(s *graph.Scope, x graph.Value) graph.Value {
	if !l.UseScale {
		return x
	}
	return x.Times(s.Param("scale", graph.Shape{}, initializers.Ones))
}

// AdditiveAttention is Attention whose scores are computed from the sum of query and
// key (Bahdanau et al. 2015, "Neural Machine Translation by Jointly Learning to Align
// and Translate"):
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
// The projections of the paper are not included: put a Dense before query and key. For
// masks see Attention. It needs memory for batch · query steps · value steps ·
// features.
type AdditiveAttention struct {
	NoScale               bool    // leave the scale out
	Dropout               float64 // fraction of the weights dropped in training, 0 ≤ Dropout < 1; 0
	Seed                  *uint64 // dropout seed; nil derives it from the model's seed and the layer's path
	UseCausalMask         bool    // a query does not attend to values after its step
	ReturnAttentionScores bool    // also return the weights, after dropout
	Name                  string  // "additive_attention", numbered, where empty
}

var _ Resolver = AdditiveAttention{}

// Resolve checks the dropout.
func (l AdditiveAttention) Resolve() (Layer, error) {
	return l, rate("AdditiveAttention.Dropout", l.Dropout)
}

// Call computes the layer.
func (l AdditiveAttention) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	a, ok := newAttended(s, "AdditiveAttention", inputs, false)
	if !ok || !a.checkFeatures(s, "AdditiveAttention") {
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
