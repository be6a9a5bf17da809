package notebook

import (
	"regexp"
	"strings"
	"unicode"
)

// terminalWidth is the assumed width of terminals.
const terminalWidth = 80

// listItem matches the marker of a Markdown list item.
var listItem = regexp.MustCompile(`^\s*([-*+]|\d{1,9}[.)])\s+`)

// wrapProse wraps the paragraphs and list items of a Markdown text at width columns
// and keeps its other lines (headings, quotations, code). Markdown is readable as
// source, so the terminal shows the source.
func wrapProse(text string, width int) string {
	var out, words []string
	var lead, indent string // prefix of the first line, and of the others
	flush := func() {
		for i, line := range wrapWords(words, width-len(indent)) {
			if i == 0 {
				line = lead + line
			} else {
				line = indent + line
			}
			out = append(out, line)
		}
		words, lead, indent = nil, "", ""
	}
	fenced := false
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		fence := strings.HasPrefix(trimmed, "```")
		if fence {
			fenced = !fenced
		}
		item := listItem.FindString(line)
		switch {
		case fence || fenced || trimmed == "" || strings.ContainsRune("#>", rune(trimmed[0])):
			flush()
			out = append(out, strings.TrimRight(line, " "))
		case item != "" && len(item) < width/2:
			flush()
			lead, indent = item, strings.Repeat(" ", len(item))
			words = strings.Fields(line[len(item):])
		default:
			words = append(words, strings.Fields(line)...)
		}
	}
	flush()
	return strings.Trim(strings.Join(out, "\n"), "\n")
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
