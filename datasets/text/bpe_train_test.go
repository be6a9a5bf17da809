package text

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// learned are the tokens that come after the bytes.
func learned(t *testing.T, c BPEConfig, text string) []string {
	t.Helper()
	b, err := TrainBPE(t.Context(), strings.NewReader(text), c)
	check(t, err)
	return b.tokens[256:]
}

// Figure 1 of Sennrich, Haddow and Birch (2016), without its mark of the end of a word:
// of "low", "lower", "newest" and "widest", 5, 2, 6 and 3 times, the first pairs are e s,
// es t, l o and lo w.
func TestTrainBPEExample(t *testing.T) {
	words := strings.Repeat("low,", 5) + strings.Repeat("lower,", 2) + strings.Repeat("newest,", 6) + strings.Repeat("widest,", 3)
	want := []string{"es", "est", "lo", "low"}
	if got := learned(t, BPEConfig{VocabularySize: 260}, words); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	b, err := TrainBPE(t.Context(), strings.NewReader(words), BPEConfig{VocabularySize: 260})
	check(t, err)
	var got []string
	for _, n := range b.Encode("lowest") {
		token, _ := b.Token(n)
		got = append(got, token)
	}
	if !slices.Equal(got, []string{"low", "est"}) { // no word of the text
		t.Errorf("lowest is %q", got)
	}
}

func TestTrainBPELimits(t *testing.T) {
	for _, c := range []struct {
		config BPEConfig
		text   string
		want   []string
	}{
		{BPEConfig{}, "ab ab ab", []string{"ab", " ab"}},
		{BPEConfig{MinFrequency: 3}, "ab ab ab", []string{"ab"}},
		{BPEConfig{MinFrequency: 1}, "abc", []string{"ab", "abc"}},
		{BPEConfig{VocabularySize: 257}, "ab ab ab", []string{"ab"}},
		{BPEConfig{VocabularySize: 256}, "ab ab ab", nil},
		{BPEConfig{VocabularySize: 258, Special: []string{"<s>"}}, "ab ab ab", []string{"ab", "<s>"}},
		{BPEConfig{Special: []string{"ab"}}, "abb abb", []string{"bb", "abb", "ab"}}, // no pair becomes a special token
	} {
		if d := cmp.Diff(c.want, learned(t, c.config, c.text), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%+v: %s", c.config, d)
		}
	}
	long := learned(t, BPEConfig{}, strings.Repeat("a", 5000))
	if longest := slices.MaxFunc(long, func(a, b string) int { return len(a) - len(b) }); len(longest) != maxBPEToken {
		t.Errorf("a token of %d bytes", len(longest))
	}
}

func TestTrainBPEErrors(t *testing.T) {
	for _, c := range []struct {
		config BPEConfig
		want   errs.Error
	}{
		{BPEConfig{VocabularySize: 255}, errs.Error{Field: "BPEConfig.VocabularySize", Value: 255}},
		{BPEConfig{VocabularySize: 256, Special: []string{"<s>"}}, errs.Error{Field: "BPEConfig.VocabularySize", Value: 256}},
		{BPEConfig{MinFrequency: -1}, errs.Error{Field: "BPEConfig.MinFrequency", Value: -1}},
		{BPEConfig{Special: []string{"<s>", "<s>"}}, errs.Error{Field: "BPEConfig.Special[1]", Value: "<s>"}},
		{BPEConfig{Special: []string{"a"}}, errs.Error{Field: "BPEConfig.Special[0]", Value: "a"}},
	} {
		_, err := TrainBPE(t.Context(), strings.NewReader("a"), c.config)
		errtest.Check(t, err, c.want)
	}
	_, err := TrainBPE(t.Context(), nil, BPEConfig{})
	errtest.Check(t, err, errs.Error{Field: "reader"})
	_, err = TrainBPE(t.Context(), strings.NewReader(strings.Repeat("a", maxToken)), BPEConfig{})
	errtest.Check(t, err, errs.Error{Field: "text"})
	broken := errors.New("broken")
	if _, err := TrainBPE(t.Context(), iotest.ErrReader(broken), BPEConfig{}); !errors.Is(err, broken) {
		t.Errorf("broken: %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := TrainBPE(stopped, strings.NewReader("a"), BPEConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
