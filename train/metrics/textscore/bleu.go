package textscore

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
)

// Smoothing says what BLEU makes of an order without a match, whose precision is 0 (Chen &
// Cherry 2014), under sacrebleu's names.
type Smoothing string

const (
	// Exp gives the k-th order without a match 1/2ᵏ matches, as NIST's mteval-v13a does.
	Exp Smoothing = "exp"
	// Floor gives an order without a match SmoothValue matches, by default 0.1.
	Floor Smoothing = "floor"
	// AddK adds SmoothValue, by default 1, to matches and n-grams of all orders above 1.
	AddK Smoothing = "add-k"
	// None changes nothing: one order without a match makes the score 0, as in the paper.
	None Smoothing = "none"
)

// maxOrder limits BLEU.MaxOrder, since n-grams of n words take n times their memory.
const maxOrder = 16

// BLEU compares n-grams of texts with those of references, over a whole corpus (Papineni
// et al. 2002):
//
//	100 · BP · exp(mean(log pₙ))    BP = exp(min(0, 1 − r/c))
//
// where pₙ is the share of the texts' n-grams that are in a reference, each at most as
// often as in the one reference that has it most often; c is the number of words of all
// texts, and r that of the references whose lengths are closest, the shorter of two. A
// corpus without any match has a score of 0. The zero value gives the numbers of sacrebleu
// with its defaults. Scores of single texts say little.
type BLEU struct {
	// MaxOrder is the largest n, from 1 to 16. Default 4.
	MaxOrder int
	// Smoothing is for orders without a match. Default Exp.
	Smoothing Smoothing
	// SmoothValue is that of Floor, default 0.1, or of AddK, default 1. It must be finite
	// and not negative, and nil for the others.
	SmoothValue *float64
	// LowerCase makes all letters small before.
	LowerCase bool
	// Tokenize cuts a text into words. Default Tokenize13a.
	Tokenize func(text string) []string
}

// BLEUScore is the score with its parts.
type BLEUScore struct {
	Score           float64   // from 0 to 100
	Precisions      []float64 // of each order from 1, from 0 to 100, after smoothing
	BrevityPenalty  float64   // from 0 to 1
	Words           int       // of all texts
	ReferenceWords  int       // of the references of the closest length
	Matches, Ngrams []int     // of each order, before smoothing
}

// Score compares each text with its references, of which there must be at least one.
func (b BLEU) Score(references [][]string, texts []string) (BLEUScore, error) {
	b, err := b.resolve()
	if err != nil {
		return BLEUScore{}, err
	}
	if err := checkCounts(len(references), len(texts)); err != nil {
		return BLEUScore{}, err
	}
	s := BLEUScore{Matches: make([]int, b.MaxOrder), Ngrams: make([]int, b.MaxOrder)}
	for i, text := range texts {
		if len(references[i]) == 0 {
			return BLEUScore{}, graph.Error{Field: fmt.Sprintf("references[%d]", i), Rule: "must not be empty"}
		}
		b.count(&s, references[i], text)
	}
	b.finish(&s)
	return s, nil
}

func (b BLEU) resolve() (BLEU, error) {
	bad := func(field, rule string, value any) (BLEU, error) {
		return b, graph.Error{Field: "BLEU." + field, Rule: rule, Value: value}
	}
	if b.MaxOrder == 0 {
		b.MaxOrder = 4
	}
	if b.MaxOrder < 1 || b.MaxOrder > maxOrder {
		return bad("MaxOrder", fmt.Sprintf("must be from 1 to %d", maxOrder), b.MaxOrder)
	}
	if b.Tokenize == nil {
		b.Tokenize = Tokenize13a
	}
	value := 0.0
	switch b.Smoothing {
	case "":
		b.Smoothing = Exp
	case Exp, None:
	case Floor:
		value = 0.1
	case AddK:
		value = 1
	default:
		return bad("Smoothing", "must be Exp, Floor, AddK or None", b.Smoothing)
	}
	switch x := b.SmoothValue; {
	case x == nil:
		b.SmoothValue = &value
	case value == 0:
		return bad("SmoothValue", "must be nil unless Smoothing is Floor or AddK", *x)
	case !(*x >= 0 && *x <= math.MaxFloat64):
		return bad("SmoothValue", "must be finite and not negative", *x)
	}
	return b, nil
}

// words are those of a text.
func (b BLEU) words(text string) []string {
	if b.LowerCase {
		text = strings.ToLower(text)
	}
	return b.Tokenize(text)
}

// count adds a text to the counts of the corpus.
func (b BLEU) count(s *BLEUScore, references []string, text string) {
	e := encoder{}
	words := e.encode(b.words(text))
	var others []string
	closest := -1
	for _, r := range references {
		other := e.encode(b.words(r))
		others = append(others, other)
		if d, best := distance(len(other), len(words)), distance(closest, len(words)); closest < 0 || d < best || d == best && len(other) < closest {
			closest = len(other)
		}
	}
	s.Words += len(words) / width
	s.ReferenceWords += closest / width
	for n := 1; n <= b.MaxOrder; n++ {
		most := map[string]int{}
		for _, other := range others {
			for g, count := range ngrams(other, n) {
				most[g] = max(most[g], count)
			}
		}
		for g, count := range ngrams(words, n) {
			s.Ngrams[n-1] += count
			s.Matches[n-1] += min(count, most[g])
		}
	}
}

func distance(a, b int) int { return max(a-b, b-a) }

// finish makes the score of the counts.
func (b BLEU) finish(s *BLEUScore) {
	s.Precisions = make([]float64, b.MaxOrder)
	s.BrevityPenalty = 1
	switch {
	case s.Words == 0 && s.ReferenceWords > 0:
		s.BrevityPenalty = 0
	case s.Words < s.ReferenceWords:
		s.BrevityPenalty = math.Exp(1 - float64(s.ReferenceWords)/float64(s.Words))
	}
	if slices.Max(s.Matches) == 0 {
		return
	}
	half, logs := 1.0, 0.0
	for i := range s.Precisions {
		matches, total := float64(s.Matches[i]), float64(s.Ngrams[i])
		if b.Smoothing == AddK && i > 0 {
			matches += *b.SmoothValue
			total += *b.SmoothValue
		}
		if matches == 0 && b.Smoothing == Exp {
			half /= 2
			matches = half
		}
		if matches == 0 && b.Smoothing == Floor {
			matches = *b.SmoothValue
		}
		if total > 0 { // all texts are shorter than the order otherwise
			s.Precisions[i] = 100 * matches / total
		}
		logs += math.Log(s.Precisions[i])
	}
	s.Score = s.BrevityPenalty * math.Exp(logs/float64(b.MaxOrder))
}
