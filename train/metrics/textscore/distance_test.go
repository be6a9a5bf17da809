package textscore_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics/textscore"
	"pgregory.net/rapid"
)

// Known examples of Levenshtein distances, and rates by hand.
func TestEditDistances(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"kitten", "sitting", 3}, {"Saturday", "Sunday", 3}, {"flaw", "lawn", 2}, {"", "abc", 3}, {"abc", "", 3}, {"", "", 0},
		{"Größe", "Grösse", 2}, {"intention", "execution", 5},
	} {
		if got := textscore.EditDistance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("%q, %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
	for _, c := range []struct {
		references, texts []string
		words, characters float64
	}{
		{[]string{"hello world"}, []string{"hello duck"}, 0.5, 5.0 / 11},
		{[]string{"the cat", "sat"}, []string{"the cat", "a b c"}, 1, 5.0 / 10},
		{[]string{"日本語"}, []string{"日語"}, 1, 1.0 / 3},
		{[]string{"a", ""}, []string{"a", "b c"}, 2, 3},
	} {
		words, err := textscore.WordErrorRate(c.references, c.texts)
		if err != nil || !close12(words, c.words) {
			t.Errorf("words of %q: got %v, %v, want %v", c.texts, words, err, c.words)
		}
		characters, err := textscore.CharacterErrorRate(c.references, c.texts)
		if err != nil || !close12(characters, c.characters) {
			t.Errorf("characters of %q: got %v, %v, want %v", c.texts, characters, err, c.characters)
		}
	}
	_, err := textscore.WordErrorRate([]string{" "}, []string{"a"})
	errtest.Check(t, err, errs.Error{Field: "references"})
	_, err = textscore.CharacterErrorRate([]string{""}, []string{""})
	errtest.Check(t, err, errs.Error{Field: "references"})
}

// recursive is the definition of the edit distance.
func recursive(a, b []byte) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	case a[0] == b[0]:
		return recursive(a[1:], b[1:])
	}
	return 1 + min(recursive(a[1:], b), recursive(a, b[1:]), recursive(a[1:], b[1:]))
}

func TestEditDistanceAgainstItsDefinition(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		letters := rapid.SliceOfN(rapid.SampledFrom([]byte("abc")), 0, 6)
		a, b := letters.Draw(r, "a"), letters.Draw(r, "b")
		want := recursive(a, b)
		if got := textscore.EditDistance(a, b); got != want || textscore.EditDistance(b, a) != want {
			r.Fatalf("%s, %s: got %d, want %d", a, b, got, want)
		}
	})
}

func TestExactMatch(t *testing.T) {
	got, err := textscore.ExactMatch([]string{"a b", "c", "D", ""}, []string{"a b", "c ", "d", ""})
	if err != nil || got != 0.5 {
		t.Errorf("got %v, %v, want 0.5", got, err)
	}
}

func ExampleEditDistance() {
	fmt.Println(textscore.EditDistance([]rune("kitten"), []rune("sitting")))
	// Output: 3
}

func ExampleWordErrorRate() {
	rate, err := textscore.WordErrorRate([]string{"hello world"}, []string{"hello duck"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rate)
	// Output: 0.5
}

func ExampleCharacterErrorRate() {
	rate, err := textscore.CharacterErrorRate([]string{"Saturday"}, []string{"Sunday"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rate)
	// Output: 0.375
}

func ExampleExactMatch() {
	share, err := textscore.ExactMatch([]string{"12", "7"}, []string{"12", "8"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(share)
	// Output: 0.5
}
