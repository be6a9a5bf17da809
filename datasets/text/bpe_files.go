package text

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// The files are those of GPT-2. One is a JSON object of tokens with their numbers,
// vocab.json or encoder.json. The other lists the pairs in the order in which they are
// joined, one a line, after a line "#version": merges.txt or vocab.bpe. Tokens are text,
// in which every byte is a character that prints: a blank is Ġ.

// isPlain tells whether a byte stands for itself in a file.
func isPlain(b int) bool { return b >= '!' && b <= '~' || b >= 0xa1 && b != 0xad }

// alphabet is the character of each byte in a file: that of Latin-1 if it prints,
// otherwise one from 256 on.
func alphabet() (runes [256]rune) {
	next := rune(256)
	for b := range runes {
		if isPlain(b) {
			runes[b] = rune(b)
		} else {
			runes[b] = next
			next++
		}
	}
	return runes
}

func byteToken(b int) string { return string([]byte{byte(b)}) }

// byteTokens are the bytes in the order of GPT-2's numbers, that of their characters.
func byteTokens() []string {
	tokens := make([]string, 0, 256)
	for _, plain := range []bool{true, false} {
		for b := range 256 {
			if isPlain(b) == plain {
				tokens = append(tokens, byteToken(b))
			}
		}
	}
	return tokens
}

// printed is a token as it stands in a file.
func printed(token string, runes *[256]rune) string {
	var s strings.Builder
	for i := range len(token) {
		s.WriteRune(runes[token[i]])
	}
	return s.String()
}

// bytesOf is the inverse of alphabet.
func bytesOf() map[rune]byte {
	inverse := make(map[rune]byte, 256)
	for b, r := range alphabet() {
		inverse[r] = byte(b)
	}
	return inverse
}

// parsed is the token that stands in a file.
func parsed(s string, bytes map[rune]byte) (string, error) {
	token := make([]byte, 0, len(s))
	for _, r := range s {
		b, ok := bytes[r]
		if !ok {
			return "", errs.Error{Field: "token", Rule: "must consist of the 256 characters that stand for bytes", Value: strictjson.Label(s)}
		}
		token = append(token, b)
	}
	if len(token) == 0 || len(token) > maxBPEToken {
		return "", errs.Error{Field: "token", Rule: fmt.Sprintf("must have from 1 to %d bytes", maxBPEToken), Value: len(token)}
	}
	return string(token), nil
}

// ReadBPE reads a BPE from files in the form of GPT-2: vocab.json (also encoder.json),
// an object of tokens with their numbers, and merges.txt (also vocab.bpe), a pair of
// tokens a line. The numbers must be all from 0 on, each once, and have all 256 bytes; a
// pair must consist of bytes or of what earlier pairs have become, which files for
// another division of texts, such as those of GPT-1, do not satisfy. Tokens that no pair
// becomes are special. An error names the token or the line. A file is at most 64 MiB, a
// token at most 1024 bytes long.
func ReadBPE(vocabulary, merges io.Reader) (*BPE, error) {
	if vocabulary == nil || merges == nil {
		return nil, errs.Error{Field: "reader", Rule: "must not be nil"}
	}
	return readBPE("vocabulary", vocabulary, "merges", merges)
}

func readBPE(vocabularyName string, vocabulary io.Reader, mergesName string, merges io.Reader) (*BPE, error) {
	data, err := readAll(vocabulary)
	if err != nil {
		return nil, errs.At(err, vocabularyName, "")
	}
	chars := bytesOf()
	b, err := readTokens(data, chars)
	if err != nil {
		return nil, errs.At(err, vocabularyName, "")
	}
	if data, err = readAll(merges); err != nil {
		return nil, errs.At(err, mergesName, "")
	}
	made := map[int32]bool{}
	for _, n := range b.bytes {
		made[n] = true
	}
	for line := 1; len(data) > 0; line++ {
		var text []byte
		text, data, _ = bytes.Cut(data, []byte("\n"))
		text = bytes.TrimSuffix(text, []byte("\r"))
		if line == 1 && bytes.HasPrefix(text, []byte("#version")) || len(text) == 0 && len(data) == 0 {
			continue
		}
		if err := b.readPair(string(text), chars, made); err != nil {
			return nil, errs.At(err, fmt.Sprintf("%s:%d", mergesName, line), "")
		}
	}
	return b, nil
}

// readTokens reads the vocabulary.
func readTokens(data []byte, chars map[rune]byte) (*BPE, error) {
	if err := strictjson.Check(data, 1); err != nil {
		return nil, err
	}
	numbers := map[string]int{}
	err := strictjson.Object(data, func(key string, value []byte) error {
		token, err := parsed(key, chars)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(value))
		if err != nil || n < 0 {
			return errs.Error{Field: strictjson.Label(key), Rule: "must have a number that is whole and not negative", Value: strictjson.Clip(value)}
		}
		numbers[token] = n
		return nil
	})
	if err != nil {
		return nil, err
	}
	tokens := make([]string, len(numbers))
	for token, n := range numbers {
		if n >= len(tokens) || tokens[n] != "" {
			// Which token is found first depends on the map, so the message has no token.
			return nil, errs.Error{Field: "numbers", Rule: fmt.Sprintf("must be all from 0 to %d, each once, for as many tokens", len(tokens)-1)}
		}
		tokens[n] = token
	}
	runes := alphabet()
	for i, r := range runes {
		if _, ok := numbers[byteToken(i)]; !ok {
			return nil, errs.Error{Field: "tokens", Rule: fmt.Sprintf("must include all 256 bytes, and %q is missing", r)}
		}
	}
	return newBPE(tokens), nil
}

// readPair reads a line of the merges. made are the tokens that bytes and pairs have
// become so far.
func (b *BPE) readPair(line string, chars map[rune]byte, made map[int32]bool) error {
	left, right, ok := strings.Cut(line, " ")
	if !ok || strings.Contains(right, " ") {
		return errs.Error{Field: "line", Rule: "must be two tokens with a blank between them", Value: strconv.Quote(strictjson.Clip([]byte(line)))}
	}
	var p [2]int32
	whole := ""
	for i, s := range []string{left, right} {
		token, err := parsed(s, chars)
		if err != nil {
			return err
		}
		n, ok := b.index[token]
		if p[i] = int32(n); !ok || !made[p[i]] {
			return errs.Error{Field: "token", Rule: "must be a byte or what an earlier line becomes", Value: strictjson.Label(s)}
		}
		whole += token
	}
	token, ok := b.index[whole]
	if !ok {
		return errs.Error{Field: "line", Rule: "must become a token of the vocabulary", Value: strictjson.Label(left + right)}
	}
	if _, twice := b.merges[pair{p[0], p[1]}]; twice {
		return errs.Error{Field: "line", Rule: "must not be twice the same", Value: strictjson.Label(line)}
	}
	b.join(pair{p[0], p[1]}, token)
	made[int32(token)] = true
	return nil
}

// Write writes the two files that ReadBPE reads, with tokens in the order of their
// numbers.
func (b *BPE) Write(vocabulary, merges io.Writer) error {
	if err := b.writeTokens(vocabulary); err != nil {
		return err
	}
	return b.writePairs(merges)
}

func (b *BPE) writeTokens(w io.Writer) error {
	runes := alphabet()
	out := []byte("{")
	for i, token := range b.tokens {
		if i > 0 {
			out = append(out, ", "...)
		}
		var err error
		if out, err = strictjson.AppendString(out, printed(token, &runes)); err != nil {
			return err
		}
		out = strconv.AppendInt(append(out, ": "...), int64(i), 10)
	}
	return writeAll(w, append(out, "}\n"...))
}

func (b *BPE) writePairs(w io.Writer) error {
	runes := alphabet()
	out := []byte("#version: 0.2\n")
	for _, p := range b.pairs {
		out = fmt.Appendf(out, "%s %s\n", printed(b.tokens[p.left], &runes), printed(b.tokens[p.right], &runes))
	}
	return writeAll(w, out)
}
