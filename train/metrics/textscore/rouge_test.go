package textscore_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics/textscore"
	"pgregory.net/rapid"
)

// The values of rouge_score's own tests (rouge_scorer_test.py), the last six of which come
// from ROUGE-1.5.5, with the texts of its testdata/target.txt and prediction.txt.
func TestROUGEOfItsTests(t *testing.T) {
	targets := []string{
		"ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM EKBDXkME,yz'RBr q'wtion wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L\n",
		"KsJdPByEtAor fE-Qg Dpdbring cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMtion psing sbKao Q m qiing LMmer HqqLFXe,XPY,J XsurkMer ,ed nB'wH'bWVHjWFEing tQ.saefZwJtKrTlixYpMMsJing UCAPwNHeYVjDing c T BUySKtion gMPfJpwGw p'NvxAoping eu pBwMBKV'I DNxqelhu,PHPxDEq,mtion SN\n",
	}
	predictions := []string{
		"rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi\n",
		"n cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMer pstion sbKao Q m qier LMmed HqqLFXe,XPY,J XsurkMeo ,ed nB'wH'bWVHjWFEer tQ.saefZwJtKrTlixYpMMNJtion UCAPwNHeYVjD\n",
	}
	one := "testing one two"
	for _, c := range []struct {
		n               int // 0 for ROUGE-L
		reference, text string
		want            textscore.Overlap
		tolerance       float64
	}{
		{1, one, "testing", textscore.Overlap{1, 1.0 / 3, 1.0 / 2}, 1e-12},
		{2, one, "testing one", textscore.Overlap{1, 1.0 / 2, 2.0 / 3}, 1e-12},
		{0, one, "testing one", textscore.Overlap{1, 2.0 / 3, 4.0 / 5}, 1e-12},
		{0, one, "testing two", textscore.Overlap{1, 2.0 / 3, 4.0 / 5}, 1e-12},
		{1, one, "", textscore.Overlap{}, 0},
		{2, one, "", textscore.Overlap{}, 0},
		{0, one, "", textscore.Overlap{}, 0},
		{0, "", "w1", textscore.Overlap{}, 0},
		{2, "w1", "w1", textscore.Overlap{}, 0}, // no bigrams
		{1, "w1 w2 w3 w4 w5", "/", textscore.Overlap{}, 0},
		{1, targets[0], predictions[0], textscore.Overlap{0.68750, 0.40741, 0.51163}, 5e-6},
		{1, targets[1], predictions[1], textscore.Overlap{0.65385, 0.40476, 0.50000}, 5e-6},
		{2, targets[0], predictions[0], textscore.Overlap{0.53333, 0.30769, 0.39024}, 5e-6},
		{2, targets[1], predictions[1], textscore.Overlap{0.48000, 0.29268, 0.36364}, 5e-6},
		{0, targets[0], predictions[0], textscore.Overlap{0.68750, 0.40741, 0.51163}, 5e-6},
		{0, targets[1], predictions[1], textscore.Overlap{0.65385, 0.40476, 0.50000}, 5e-6},
	} {
		got, err := rouge(c.n, []string{c.reference}, []string{c.text})
		if err != nil || math.Abs(got.Precision-c.want.Precision) > c.tolerance || math.Abs(got.Recall-c.want.Recall) > c.tolerance || math.Abs(got.F1-c.want.F1) > c.tolerance {
			t.Errorf("ROUGE-%d of %q: got %v, %v, want %v", c.n, c.text, got, err, c.want)
		}
	}
	for n, want := range map[int]float64{1: (0.51163 + 0.5) / 2, 2: (0.39024 + 0.36364) / 2, 0: (0.51163 + 0.5) / 2} {
		if got, err := rouge(n, targets, predictions); err != nil || math.Abs(got.F1-want) > 5e-6 {
			t.Errorf("ROUGE-%d of both: got %v, %v, want %v", n, got.F1, err, want)
		}
	}
}

// rouge is ROUGE-L for n = 0.
func rouge(n int, references, texts []string) (textscore.Overlap, error) {
	if n == 0 {
		return textscore.ROUGEL(references, texts)
	}
	return textscore.ROUGE(n, references, texts)
}

// ROUGE-L against the longest subsequence of the text, of all 2ⁿ, that is one of the
// reference.
func TestROUGELAgainstAllSubsequences(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.SampledFrom([]string{"a", "B", "c3"})
		reference, text := rapid.SliceOfN(word, 1, 7).Draw(r, "reference"), rapid.SliceOfN(word, 1, 7).Draw(r, "text")
		longest := 0
		for set := range 1 << len(text) {
			length, from := 0, 0
			for i, w := range text {
				if set>>i&1 == 0 {
					continue
				}
				for from < len(reference) && reference[from] != w {
					from++
				}
				if from == len(reference) {
					length = -1
					break
				}
				length, from = length+1, from+1
			}
			longest = max(longest, length)
		}
		got, err := textscore.ROUGEL([]string{strings.Join(reference, " ")}, []string{strings.Join(text, ", ")})
		p, q := float64(longest)/float64(len(text)), float64(longest)/float64(len(reference))
		if err != nil || !close12(got.Precision, p) || !close12(got.Recall, q) || longest > 0 && !close12(got.F1, 2*p*q/(p+q)) {
			r.Fatalf("%v, %v: got %v, %v, want %d in common", reference, text, got, err, longest)
		}
	})
}

func TestROUGERefuses(t *testing.T) {
	for n, want := range map[int]errs.Error{0: {Field: "n", Value: "0"}, 17: {Field: "n", Value: "17"}} {
		_, err := textscore.ROUGE(n, []string{"a"}, []string{"a"})
		errtest.Check(t, err, want)
	}
	for _, c := range []struct {
		references, texts []string
		want              errs.Error
	}{
		{nil, nil, errs.Error{Field: "texts"}},
		{[]string{"a", "b"}, []string{"a"}, errs.Error{Field: "references", Value: "2"}},
	} {
		_, err := textscore.ROUGE(1, c.references, c.texts)
		errtest.Check(t, err, c.want)
		_, err = textscore.ROUGEL(c.references, c.texts)
		errtest.Check(t, err, c.want)
		_, err = textscore.WordErrorRate(c.references, c.texts)
		errtest.Check(t, err, c.want)
		_, err = textscore.CharacterErrorRate(c.references, c.texts)
		errtest.Check(t, err, c.want)
		_, err = textscore.ExactMatch(c.references, c.texts)
		errtest.Check(t, err, c.want)
	}
}

func ExampleROUGE() {
	score, err := textscore.ROUGE(2, []string{"The quick brown fox jumps over the lazy dog"}, []string{"The quick brown dog jumps on the log."})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("precision %.3f, recall %.3f, F1 %.3f\n", score.Precision, score.Recall, score.F1)
	// Output: precision 0.286, recall 0.250, F1 0.267
}

func ExampleROUGEL() {
	score, err := textscore.ROUGEL([]string{"The quick brown fox jumps over the lazy dog"}, []string{"The quick brown dog jumps on the log."})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("F1 %.3f\n", score.F1) // the quick brown jumps the
	// Output: F1 0.588
}
