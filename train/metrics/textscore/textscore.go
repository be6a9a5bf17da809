// Package textscore scores generated text against references: BLEU, ROUGE, word and
// character error rates, and exact matches. Its functions take all texts of an evaluation
// at once. They are no metrics of a training, which sees numbers of words and not texts:
// generate texts with the model, then score them.
//
// A score depends on how texts are cut into words. Each function says how it does, and
// which program gives the same numbers; only such scores can be compared.
package textscore

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// ExactMatch is the share of texts that are their reference, from 0 to 1. Nothing is
// changed before they are compared: upper case, spaces and punctuation count.
func ExactMatch(references, texts []string) (float64, error) {
	if err := checkCounts(len(references), len(texts)); err != nil {
		return 0, err
	}
	same := 0
	for i, text := range texts {
		if text == references[i] {
			same++
		}
	}
	return float64(same) / float64(len(texts)), nil
}

// checkCounts requires texts, and references for each.
func checkCounts(references, texts int) error {
	switch {
	case texts == 0:
		return graph.Error{Field: "texts", Rule: "must not be empty"}
	case references != texts:
		return graph.Error{Field: "references", Rule: fmt.Sprintf("must be as many as the %d texts", texts), Value: references}
	}
	return nil
}
