package text

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// BPEConfig configures TrainBPE. The defaults are those of HuggingFace's
// ByteLevelBPETokenizer.
type BPEConfig struct {
	VocabularySize int // most tokens, the 256 bytes and the special ones included; by default 30000
	MinFrequency   int // how often a pair must occur to be joined; by default 2

	// Special are tokens that no text is encoded to, such as "<|endoftext|>", to put
	// between texts. They have the last numbers.
	Special []string
}

func (c BPEConfig) complete() (BPEConfig, error) {
	wrong := func(field, rule string, value any) (BPEConfig, error) {
		return c, errs.Error{Field: "BPEConfig." + field, Rule: rule, Value: value}
	}
	if c.VocabularySize == 0 {
		c.VocabularySize = 30000
	}
	if c.MinFrequency == 0 {
		c.MinFrequency = 2
	}
	if least := 256 + len(c.Special); c.VocabularySize < least || c.VocabularySize > math.MaxInt32 {
		return wrong("VocabularySize", fmt.Sprintf("must be from %d, the bytes and the special tokens, to %d", least, math.MaxInt32), c.VocabularySize)
	}
	if c.MinFrequency < 0 {
		return wrong("MinFrequency", "must be positive", c.MinFrequency)
	}
	seen := map[string]bool{}
	for i, s := range c.Special {
		if len(s) < 2 || len(s) > maxBPEToken || seen[s] {
			return wrong(fmt.Sprintf("Special[%d]", i), fmt.Sprintf("must have from 2 to %d bytes, and not be twice the same", maxBPEToken), strictjson.Label(s))
		}
		seen[s] = true
	}
	return c, nil
}

// TrainBPE learns a BPE from a text: again and again, the most frequent pair of
// neighbouring tokens within words becomes a token, and of equally frequent ones that of
// the tokens with the lowest numbers, as HuggingFace's tokenizers choose. Bytes have the
// numbers that GPT-2 gives them. Learning ends when the vocabulary has its size or no pair
// is frequent enough. Memory is needed for different words alone. A word of 1 MiB or more
// is an error; a token of more than 1024 bytes is not made.
func TrainBPE(ctx context.Context, r io.Reader, c BPEConfig) (*BPE, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errs.Error{Field: "reader", Rule: "must not be nil"}
	}
	words := map[string]int{}
	pieces := bufio.NewScanner(r)
	pieces.Buffer(nil, maxToken)
	pieces.Split(scanPiece)
	for pieces.Scan() {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrap(err, "stopped while reading text")
		}
		words[pieces.Text()]++
	}
	if err := scanned(pieces); err != nil {
		return nil, err
	}
	b := newBPE(byteTokens())
	if err := newPairCounts(b, words).learn(ctx, b, c); err != nil {
		return nil, err
	}
	for _, s := range c.Special {
		b.add(s)
	}
	return b, nil
}

// pairCounts are the words of a text, as tokens, and how often each pair occurs.
type pairCounts struct {
	words  []countedWord
	counts map[pair]int
	where  map[pair]map[int]bool // words that have a pair, or had it once
	queue  heap[countedPair]     // has each pair with its count, and perhaps older counts
}

type countedWord struct {
	tokens []int32
	n      int
}

type countedPair struct {
	pair
	n int
}

func moreFrequent(a, b countedPair) bool {
	switch {
	case a.n != b.n:
		return a.n > b.n
	case a.left != b.left:
		return a.left < b.left
	}
	return a.right < b.right
}

// newPairCounts counts the pairs of bytes. Their order does not matter, as the queue
// orders them.
func newPairCounts(b *BPE, words map[string]int) *pairCounts {
	k := &pairCounts{counts: map[pair]int{}, where: map[pair]map[int]bool{}, queue: heap[countedPair]{before: moreFrequent}}
	for s, n := range words {
		w := countedWord{tokens: make([]int32, len(s)), n: n}
		for i := range len(s) {
			w.tokens[i] = b.bytes[s[i]]
		}
		for i := range len(s) - 1 {
			k.count(pair{w.tokens[i], w.tokens[i+1]}, n, len(k.words))
		}
		k.words = append(k.words, w)
	}
	for p, n := range k.counts {
		k.queue.push(countedPair{p, n})
	}
	return k
}

// count adds n occurrences of a pair in a word.
func (k *pairCounts) count(p pair, n, word int) {
	k.counts[p] += n
	if n > 0 {
		if k.where[p] == nil {
			k.where[p] = map[int]bool{}
		}
		k.where[p][word] = true
	}
}

// learn joins pairs until the vocabulary is full or none is frequent enough.
func (k *pairCounts) learn(ctx context.Context, b *BPE, c BPEConfig) error {
	for b.Len() < c.VocabularySize-len(c.Special) && len(k.queue.items) > 0 {
		if err := ctx.Err(); err != nil {
			return errors.Wrapf(err, "stopped at token %d", b.Len())
		}
		top := k.queue.pop()
		if n := k.counts[top.pair]; n != top.n {
			if n < top.n && n > 0 {
				k.queue.push(countedPair{top.pair, n})
			}
			continue
		}
		if top.n < c.MinFrequency {
			break
		}
		text := b.tokens[top.left] + b.tokens[top.right]
		if len(text) > maxBPEToken || slices.Contains(c.Special, text) {
			continue
		}
		token := b.add(text) // rarely, another pair has become the same token
		b.join(top.pair, token)
		k.replace(top.pair, int32(token))
	}
	return nil
}

// replace makes a token of a pair in all words.
func (k *pairCounts) replace(p pair, token int32) {
	raised := map[pair]bool{}
	for i := range k.where[p] {
		w := &k.words[i]
		change := func(left, right int32, n int) {
			q := pair{left, right}
			k.count(q, n, i)
			if n > 0 {
				raised[q] = true
			}
		}
		out := w.tokens[:0]
		for j := 0; j < len(w.tokens); j++ {
			if j+1 == len(w.tokens) || w.tokens[j] != p.left || w.tokens[j+1] != p.right {
				out = append(out, w.tokens[j])
				continue
			}
			if n := len(out); n > 0 {
				change(out[n-1], p.left, -w.n)
				change(out[n-1], token, w.n)
			}
			if j+2 < len(w.tokens) {
				change(p.right, w.tokens[j+2], -w.n)
				change(token, w.tokens[j+2], w.n)
			}
			out = append(out, token)
			j++
		}
		w.tokens = out
	}
	delete(k.counts, p)
	delete(k.where, p)
	for q := range raised {
		if n := k.counts[q]; n > 0 {
			k.queue.push(countedPair{q, n})
		}
	}
}
