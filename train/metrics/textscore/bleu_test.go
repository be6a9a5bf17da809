package textscore_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics/textscore"
)

// golden is what testdata/bleu.py writes.
var golden struct {
	Tokens  [][2]any
	Corpora []struct {
		References [][]string
		Texts      []string
		Scores     []struct {
			Config struct {
				Method    textscore.Smoothing `json:"smooth_method"`
				Value     *float64            `json:"smooth_value"`
				Order     int                 `json:"max_ngram_order"`
				Lowercase bool
			}
			Score          float64
			Precisions     []float64
			BP             float64
			Words          int
			ReferenceWords int `json:"reference_words"`
		}
	}
}

func readGolden(t *testing.T) {
	t.Helper()
	data, err := os.ReadFile("testdata/bleu.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
}

func close12(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Max(1, math.Abs(b)) }

// Random corpora of awkward words, with all settings, against sacrebleu.
func TestBLEUOfSacrebleu(t *testing.T) {
	readGolden(t)
	for i, c := range golden.Corpora {
		for _, s := range c.Scores {
			b := textscore.BLEU{MaxOrder: s.Config.Order, Smoothing: s.Config.Method, SmoothValue: s.Config.Value, LowerCase: s.Config.Lowercase}
			got, err := b.Score(c.References, c.Texts)
			if err != nil {
				t.Fatal(err)
			}
			if !close12(got.Score, s.Score) || !slices.EqualFunc(got.Precisions, s.Precisions, close12) || !close12(got.BrevityPenalty, s.BP) ||
				got.Words != s.Words || got.ReferenceWords != s.ReferenceWords {
				t.Errorf("corpus %d, %+v: got %+v", i, s, got)
			}
		}
	}
	if len(golden.Corpora) != 12 {
		t.Errorf("%d corpora", len(golden.Corpora))
	}
}

func TestTokenize13aOfSacrebleu(t *testing.T) {
	readGolden(t)
	for _, c := range golden.Tokens {
		text, want := c[0].(string), fmt.Sprint(c[1])
		if got := fmt.Sprint(textscore.Tokenize13a(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if len(golden.Tokens) != 60 {
		t.Errorf("%d texts", len(golden.Tokens))
	}
}

// The values of sacrebleu's own tests (test/test_bleu.py).
func TestBLEUOfSacrebleusTests(t *testing.T) {
	texts := []string{"The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."}
	references := [][]string{
		{"The dog bit the man.", "The dog had bit the man."},
		{"It was not unexpected.", "No one was surprised."},
		{"The man bit him first.", "The man had bitten the dog."},
	}
	for _, c := range []struct {
		bleu textscore.BLEU
		want float64
	}{
		{textscore.BLEU{}, 48.530827},
		{textscore.BLEU{Tokenize: strings.Fields}, 49.1919566},
		{textscore.BLEU{Smoothing: textscore.None}, 48.530827},
	} {
		got, err := c.bleu.Score(references, texts)
		if err != nil || math.Abs(got.Score-c.want) > 1e-6 {
			t.Errorf("%v: got %v, %v, want %v", c.bleu.Smoothing, got.Score, err, c.want)
		}
	}
	for order, want := range map[int]string{1: "77.65", 2: "60.50", 3: "53.93", 4: "48.53", 5: "46.14", 6: "43.28"} {
		got, err := textscore.BLEU{MaxOrder: order}.Score(references, texts)
		if err != nil || fmt.Sprintf("%.2f", got.Score) != want {
			t.Errorf("order %d: got %v, %v, want %v", order, got.Score, err, want)
		}
	}
	floor := textscore.BLEU{Smoothing: textscore.Floor, Tokenize: strings.Fields}
	for _, c := range []struct {
		bleu            textscore.BLEU
		reference, text string
		want            float64
	}{
		{floor, "I am a symbol string sequence a a", "am I am a character sequence", 15.55722182},
		{textscore.BLEU{Smoothing: textscore.None}, "I am a symbol string sequence a a", "am I am a character sequence", 0},
		{textscore.BLEU{}, "this is a test", "this is a test", 100},
		{textscore.BLEU{}, "this is a test", "", 0},
	} {
		got, err := c.bleu.Score([][]string{{c.reference}}, []string{c.text})
		if err != nil || math.Abs(got.Score-c.want) > 1e-6 {
			t.Errorf("%q: got %v, %v, want %v", c.text, got.Score, err, c.want)
		}
	}
}

// The counts of the examples in the paper, Papineni et al. 2002, section 2.1.
func TestBLEUOfPapineni(t *testing.T) {
	guide := []string{
		"It is a guide to action that ensures that the military will forever heed Party commands",
		"It is the guiding principle which guarantees the military forces always being under the command of the Party",
		"It is the practical guide for the army always to heed the directions of the party",
	}
	cat := []string{"The cat is on the mat", "There is a cat on the mat"}
	for _, c := range []struct {
		references      []string
		text            string
		matches, ngrams []int
	}{
		{guide, "It is a guide to action which ensures that the military always obeys the commands of the party", []int{17, 10}, []int{18, 17}},
		{guide, "It is to insure the troops forever hearing the activity guidebook that party direct", []int{8, 1}, []int{14, 13}},
		{cat, "the the the the the the the", []int{2, 0}, []int{7, 6}},
	} {
		got, err := textscore.BLEU{MaxOrder: 2, LowerCase: true}.Score([][]string{c.references}, []string{c.text})
		if err != nil || !slices.Equal(got.Matches, c.matches) || !slices.Equal(got.Ngrams, c.ngrams) {
			t.Errorf("%q: got %v of %v, %v, want %v of %v", c.text, got.Matches, got.Ngrams, err, c.matches, c.ngrams)
		}
	}
}

// Of references that are as close in length the shorter counts, and each further order
// without a match gets half of the matches of the one before.
func TestBLEUDetails(t *testing.T) {
	got, err := textscore.BLEU{}.Score([][]string{{"a b c d e f", "a b c d"}}, []string{"a b c d e"})
	if err != nil || got.ReferenceWords != 4 || got.BrevityPenalty != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = textscore.BLEU{}.Score([][]string{{"a x c y e"}}, []string{"a b c d e"})
	want := 100 * math.Pow(3.0/5*(1.0/2/4)*(1.0/4/3)*(1.0/8/2), 1.0/4)
	if err != nil || !close12(got.Score, want) {
		t.Errorf("got %+v, %v, want %v", got, err, want)
	}
}

func TestBLEURefuses(t *testing.T) {
	text, references := []string{"a"}, [][]string{{"a"}}
	for _, c := range []struct {
		bleu       textscore.BLEU
		references [][]string
		texts      []string
		want       errs.Error
	}{
		{textscore.BLEU{}, nil, nil, errs.Error{Field: "texts"}},
		{textscore.BLEU{}, nil, text, errs.Error{Field: "references", Value: "0"}},
		{textscore.BLEU{}, [][]string{nil}, text, errs.Error{Field: "references[0]"}},
		{textscore.BLEU{MaxOrder: -1}, references, text, errs.Error{Field: "BLEU.MaxOrder", Value: "-1"}},
		{textscore.BLEU{MaxOrder: 17}, references, text, errs.Error{Field: "BLEU.MaxOrder", Value: "17"}},
		{textscore.BLEU{Smoothing: "both"}, references, text, errs.Error{Field: "BLEU.Smoothing", Value: "both"}},
		{textscore.BLEU{SmoothValue: new(1.0)}, references, text, errs.Error{Field: "BLEU.SmoothValue", Value: "1"}},
		{textscore.BLEU{Smoothing: textscore.None, SmoothValue: new(1.0)}, references, text, errs.Error{Field: "BLEU.SmoothValue", Value: "1"}},
		{textscore.BLEU{Smoothing: textscore.Floor, SmoothValue: new(-1.0)}, references, text, errs.Error{Field: "BLEU.SmoothValue", Value: "-1"}},
		{textscore.BLEU{Smoothing: textscore.AddK, SmoothValue: new(math.Inf(1))}, references, text, errs.Error{Field: "BLEU.SmoothValue", Value: "+Inf"}},
	} {
		_, err := c.bleu.Score(c.references, c.texts)
		errtest.Check(t, err, c.want)
	}
}

// Any text has a score from 0 to 100, and 100 is that of the reference itself.
func FuzzBLEU(f *testing.F) {
	f.Add("The dog bit the man.", "The dog, 3.14 &amp; it-s", 2)
	f.Fuzz(func(t *testing.T, reference, text string, order int) {
		for _, smoothing := range []textscore.Smoothing{textscore.Exp, textscore.Floor, textscore.AddK, textscore.None} {
			b := textscore.BLEU{MaxOrder: 1 + (order%4+4)%4, Smoothing: smoothing}
			got, err := b.Score([][]string{{reference}}, []string{text})
			if err != nil || !(got.Score >= 0 && got.Score <= 100+1e-9) {
				t.Errorf("%v, %v", got, err)
			}
			same, err := b.Score([][]string{{text, reference}}, []string{text})
			if want := len(textscore.Tokenize13a(text)) >= b.MaxOrder; err != nil || want && math.Abs(same.Score-100) > 1e-9 {
				t.Errorf("a text for itself: %v, %v", same, err)
			}
		}
	})
}

func ExampleBLEU() {
	references := [][]string{
		{"The dog bit the man.", "The dog had bit the man."},
		{"It was not unexpected.", "No one was surprised."},
		{"The man bit him first.", "The man had bitten the dog."},
	}
	texts := []string{"The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."}
	score, err := textscore.BLEU{}.Score(references, texts)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("BLEU %.2f, brevity penalty %.2f\n", score.Score, score.BrevityPenalty)
	// Output: BLEU 48.53, brevity penalty 0.94
}

func ExampleTokenize13a() {
	fmt.Printf("%q\n", textscore.Tokenize13a("It's 3.14, not 3.15."))
	// Output: ["It's" "3.14" "," "not" "3.15" "."]
}
