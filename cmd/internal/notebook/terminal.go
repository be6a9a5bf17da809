package notebook

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// terminalWidth is the width of what is not a terminal, and of a terminal whose width is not
// known.
const terminalWidth = 80

// The widths that are used: in less, words are split, and longer lines are hard to read.
const leastWidth, mostWidth = 40, 100

// Width is the number of columns for text written to w: the environment variable COLUMNS
// or the size of the terminal, from 40 to 100, if w is a file; otherwise 80.
func Width(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return terminalWidth
	}
	columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || columns < 1 {
		if columns, _, err = term.GetSize(int(file.Fd())); err != nil || columns < 1 {
			return terminalWidth
		}
	}
	return max(leastWidth, min(columns, mostWidth))
}

// Wrap joins the words of a text to lines of at most width columns, without a line break at
// the end.
func Wrap(text string, width int) string {
	return strings.Join(wrapWords(strings.Fields(clean(text)), width), "\n")
}

// wrapWords joins words to lines of at most width columns. Words that are wider than
// a line are split.
func wrapWords(words []string, width int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	end := func() {
		lines = append(lines, line.String())
		line.Reset()
		used = 0
	}
	for _, word := range words {
		w := displayWidth(word)
		if used > 0 && used+1+w > width {
			end()
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		for _, r := range word {
			if used > 0 && used+runeWidth(r) > width {
				end()
			}
			line.WriteRune(r)
			used += runeWidth(r)
		}
	}
	if line.Len() > 0 {
		end()
	}
	return lines
}

// displayWidth returns the number of terminal columns of a line of text.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth returns the number of terminal columns of a character: 0 for combining
// marks, 2 for East Asian characters and emoji, otherwise 1.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0xFF01 && r <= 0xFF60, r >= 0x1F300 && r <= 0x1FAFF:
		return 2
	}
	return 1
}
