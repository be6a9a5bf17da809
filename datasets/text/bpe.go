package text

import (
	"fmt"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

// BPE divides texts into tokens by byte-pair encoding (Sennrich, Haddow and Birch 2016)
// on bytes, in the form of GPT-2 (Radford et al. 2019). A text is first divided into
// words, with the blank before each, numbers and runs of other characters. Within these,
// the pair of neighbouring tokens that was learned first is joined, the leftmost one
// first, until no learned pair is left. All bytes are tokens: every text can be encoded,
// and Decode gives back the same bytes.
//
// It does not change, so many goroutines may share one. See TrainBPE, ReadBPE and
// LoadBPE; the zero value has no tokens and encodes every text to none.
type BPE struct {
	tokens []string       // the bytes of each token
	index  map[string]int // its inverse
	bytes  [256]int32     // the token of each byte
	pairs  []pair         // that are joined, in order
	merges map[pair]merge
}

// pair is two neighbouring tokens.
type pair struct{ left, right int32 }

// merge is what becomes of a pair.
type merge struct {
	rank  int32 // in pairs
	token int32
}

// maxBPEToken is how many bytes a token may have, so that a short list of numbers
// cannot stand for a huge text. The longest one of GPT-2 has 128.
const maxBPEToken = 1024

// newBPE returns a BPE with tokens, all bytes among them, and no pairs.
func newBPE(tokens []string) *BPE {
	b := &BPE{merges: map[pair]merge{}, index: make(map[string]int, len(tokens))}
	for _, token := range tokens {
		b.add(token)
	}
	for i := range b.bytes {
		b.bytes[i] = int32(b.index[byteToken(i)])
	}
	return b
}

// add adds a token and returns its number, or that of the equal token.
func (b *BPE) add(token string) int {
	i, ok := b.index[token]
	if !ok {
		i = len(b.tokens)
		b.tokens = append(b.tokens, token)
		b.index[token] = i
	}
	return i
}

// join adds a pair, unless it is known, and what it becomes.
func (b *BPE) join(p pair, token int) {
	if _, known := b.merges[p]; !known {
		b.merges[p] = merge{int32(len(b.pairs)), int32(token)}
		b.pairs = append(b.pairs, p)
	}
}

// Len is the number of tokens: the InputDim of an Embedding.
func (b *BPE) Len() int { return len(b.tokens) }

// Token returns the bytes of a token, which need not be UTF-8 on their own, such as
// " the"; false if there is no token of that number.
func (b *BPE) Token(number int) (string, bool) {
	if number < 0 || number >= len(b.tokens) {
		return "", false
	}
	return b.tokens[number], true
}

// Index returns the number of the token with these bytes. It finds special tokens, such
// as "<|endoftext|>", which Encode never returns.
func (b *BPE) Index(token string) (int, bool) {
	i, ok := b.index[token]
	return i, ok
}

// Encode returns the numbers of the tokens of a text of any bytes.
func (b *BPE) Encode(text string) []int {
	if b.Len() == 0 {
		return nil
	}
	var numbers []int
	var w word
	for data := []byte(text); len(data) > 0; {
		n := pieceLen(data, true)
		numbers = w.encode(b, data[:n], numbers)
		data = data[n:]
	}
	return numbers
}

// Decode returns the bytes of the tokens with these numbers.
func (b *BPE) Decode(numbers []int) (string, error) {
	var s strings.Builder
	for i, n := range numbers {
		token, ok := b.Token(n)
		if !ok {
			return "", errs.Error{Field: fmt.Sprintf("numbers[%d]", i), Rule: fmt.Sprintf("must be the number of a token, from 0 to %d", b.Len()-1), Value: n}
		}
		s.WriteString(token)
	}
	return s.String(), nil
}

// word is the working memory of the encoding of one word.
type word struct {
	symbols []symbol
	queue   heap[candidate]
}

// symbol is a token of a word, at the index of its first byte.
type symbol struct {
	token      int32 // -1 if it has become a part of the one before it
	prev, next int   // indices of its neighbours; -1 and the length of the word at its ends
}

// candidate is a pair that may be joined, with the index of its left token.
type candidate struct {
	rank int32
	at   int
}

func earlier(a, b candidate) bool { return a.rank < b.rank || a.rank == b.rank && a.at < b.at }

// encode appends the numbers of the tokens of one piece of a text. It takes n·log n steps
// for n bytes.
func (w *word) encode(b *BPE, piece []byte, numbers []int) []int {
	w.symbols = w.symbols[:0]
	w.queue.before = earlier
	for i, c := range piece {
		w.symbols = append(w.symbols, symbol{b.bytes[c], i - 1, i + 1})
	}
	for i := range piece {
		w.consider(b, i)
	}
	for len(w.queue.items) > 0 {
		c := w.queue.pop()
		m, ok := w.mergeAt(b, c.at)
		if !ok || m.rank != c.rank {
			continue // one of the pair has been joined with another
		}
		left := &w.symbols[c.at]
		right := &w.symbols[left.next]
		left.token, right.token = m.token, -1
		left.next = right.next
		if left.next < len(piece) {
			w.symbols[left.next].prev = c.at
		}
		w.consider(b, left.prev)
		w.consider(b, c.at)
	}
	for i := 0; i < len(piece); i = w.symbols[i].next {
		numbers = append(numbers, int(w.symbols[i].token))
	}
	return numbers
}

// consider puts the pair at i into the queue if it is one that is joined.
func (w *word) consider(b *BPE, i int) {
	if m, ok := w.mergeAt(b, i); ok {
		w.queue.push(candidate{m.rank, i})
	}
}

// mergeAt is what becomes of the pair whose left token is at i.
func (w *word) mergeAt(b *BPE, i int) (merge, bool) {
	if i < 0 || w.symbols[i].token < 0 || w.symbols[i].next == len(w.symbols) {
		return merge{}, false
	}
	m, ok := b.merges[pair{w.symbols[i].token, w.symbols[w.symbols[i].next].token}]
	return m, ok
}
