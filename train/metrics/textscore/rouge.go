package textscore

import (
	"fmt"
	"strings"

	"github.com/engram-go/engram/graph"
)

// Overlap is how much of a text is in its reference, from 0 to 1.
type Overlap struct {
	Precision float64 // share of the text
	Recall    float64 // share of the reference
	F1        float64 // their harmonic mean, the score that is mostly given
}

// ROUGE compares the n-grams of texts with those of their references (Lin 2004): ROUGE-1
// for n = 1, ROUGE-2 for n = 2. Precision is the share of a text's n-grams that are in its
// reference, Recall the share of the reference's n-grams that are in the text, each n-gram
// at most as often as in the other. The result is the mean over all texts. A text or a
// reference without n-grams counts as 0.
//
// Words are sequences of the letters a to z and of digits, after capitals have become
// small; everything else separates words, letters of other alphabets too. It gives the
// numbers of rouge_score without its stemmer; there is no stemming here.
func ROUGE(n int, references, texts []string) (Overlap, error) {
	if n < 1 || n > maxOrder {
		return Overlap{}, graph.Error{Field: "n", Rule: fmt.Sprintf("must be from 1 to %d", maxOrder), Value: n}
	}
	return meanOverlap(references, texts, func(reference, text []string) Overlap {
		e := encoder{}
		a, b := ngrams(e.encode(reference), n), ngrams(e.encode(text), n)
		common := 0
		for g, count := range a {
			common += min(count, b[g])
		}
		return overlap(common, len(reference)-n+1, len(text)-n+1)
	})
}

// ROUGEL is ROUGE-L: it compares the longest common subsequence of words, which need not
// follow each other, with the lengths of reference and text (Lin 2004). Each text is taken
// as one sentence; lines have no meaning, which is rougeL and not rougeLsum of rouge_score.
// Words, and the mean over all texts, are those of ROUGE.
//
// Time is proportional to the product of both lengths, memory to the shorter one.
func ROUGEL(references, texts []string) (Overlap, error) {
	return meanOverlap(references, texts, func(reference, text []string) Overlap {
		return overlap(commonLength(reference, text), len(reference), len(text))
	})
}

// meanOverlap is the mean over all texts.
func meanOverlap(references, texts []string, of func(reference, text []string) Overlap) (Overlap, error) {
	if err := checkCounts(len(references), len(texts)); err != nil {
		return Overlap{}, err
	}
	var mean Overlap
	n := float64(len(texts))
	for i, text := range texts {
		o := of(letterWords(references[i]), letterWords(text))
		mean.Precision += o.Precision / n
		mean.Recall += o.Recall / n
		mean.F1 += o.F1 / n
	}
	return mean, nil
}

// overlap is that of what reference and text have in common.
func overlap(common, reference, text int) Overlap {
	if common == 0 {
		return Overlap{}
	}
	p, r := float64(common)/float64(text), float64(common)/float64(reference)
	return Overlap{p, r, 2 * p * r / (p + r)}
}

// letterWords are sequences of the letters a to z and of digits.
func letterWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
}

// commonLength is the length of the longest common subsequence.
func commonLength(a, b []string) int {
	if len(b) > len(a) {
		a, b = b, a
	}
	row := make([]int, len(b)+1) // of the words of a so far, by the number of words of b
	for _, x := range a {
		diagonal := 0 // of one word less of both
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
