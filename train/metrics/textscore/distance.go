package textscore

import (
	"strings"

	"github.com/engram-go/engram/graph"
)

// EditDistance is the smallest number of insertions, deletions and substitutions of
// single elements that turn a into b (Levenshtein 1966).
//
// Time is proportional to the product of both lengths, memory to the shorter one.
func EditDistance[T comparable](a, b []T) int {
	if len(b) > len(a) {
		a, b = b, a
	}
	row := make([]int, len(b)+1) // of the elements of a so far, by the number of elements of b
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0] // of one element less of both
		row[0] = i + 1
		for j, y := range b {
			above := row[j+1]
			if x != y {
				diagonal++
			}
			row[j+1] = min(diagonal, above+1, row[j]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}

// WordErrorRate is the number of edits of words that turn the references into the texts,
// over all of them, divided by the number of words of the references. It is 0 for equal
// texts and can exceed 1. Words are what is between spaces; upper case and punctuation
// count. References without any words are an error.
func WordErrorRate(references, texts []string) (float64, error) {
	return errorRate(references, texts, strings.Fields)
}

// CharacterErrorRate is WordErrorRate for characters, of Unicode. Spaces count.
func CharacterErrorRate(references, texts []string) (float64, error) {
	return errorRate(references, texts, func(text string) []rune { return []rune(text) })
}

func errorRate[T comparable](references, texts []string, cut func(string) []T) (float64, error) {
	if err := checkCounts(len(references), len(texts)); err != nil {
		return 0, err
	}
	edits, total := 0, 0
	for i, text := range texts {
		reference := cut(references[i])
		edits += EditDistance(reference, cut(text))
		total += len(reference)
	}
	if total == 0 {
		return 0, graph.Error{Field: "references", Rule: "must not all be empty, since the edits are divided by their length"}
	}
	return float64(edits) / float64(total), nil
}
