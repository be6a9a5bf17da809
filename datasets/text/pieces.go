package text

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// BPE merges only within pieces of a text: words, numbers, runs of other characters and
// of white space. They are those of GPT-2's pattern,
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// which Go's regexp does not have: so a word has the blank before it.

type class int

const (
	letter class = iota
	number
	space
	other // with bytes that are no UTF-8
)

// classOf is the class of the first character of data, and its length.
func classOf(data []byte) (class, int) {
	r, n := utf8.DecodeRune(data)
	switch {
	case unicode.IsLetter(r):
		return letter, n
	case unicode.IsNumber(r):
		return number, n
	case unicode.IsSpace(r):
		return space, n
	}
	return other, n
}

var contractions = [][]byte{[]byte("'s"), []byte("'t"), []byte("'re"), []byte("'ve"), []byte("'m"), []byte("'ll"), []byte("'d")}

// scanPiece is a bufio.SplitFunc for pieces.
func scanPiece(data []byte, atEOF bool) (advance int, token []byte, err error) {
	n := pieceLen(data, atEOF)
	if n == 0 {
		return 0, nil, nil
	}
	return n, data[:n], nil
}

// pieceLen is the length of the piece at the beginning of data, 0 if it may depend on
// what follows them.
func pieceLen(data []byte, atEOF bool) int {
	if len(data) == 0 {
		return 0
	}
	if data[0] == '\'' {
		if len(data) < len("'re") && !atEOF {
			return 0
		}
		for _, c := range contractions {
			if bytes.HasPrefix(data, c) {
				return len(c)
			}
		}
	}
	from := 0
	if data[0] == ' ' {
		from = 1
	}
	c := space
	if from < len(data) {
		c, _ = classOf(data[from:])
	}
	if c == space {
		from = 0
	}
	end, last := from, from // the end of the run of characters of class c, the start of its last one
	for end < len(data) {
		if !utf8.FullRune(data[end:]) && !atEOF {
			return 0
		}
		next, n := classOf(data[end:])
		if next != c {
			break
		}
		end, last = end+n, end
	}
	switch {
	case end == len(data):
		if atEOF {
			return end
		}
		return 0
	case c == space && last > 0: // the last of several belongs to what follows
		return last
	}
	return end
}
