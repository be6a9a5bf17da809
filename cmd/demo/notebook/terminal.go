package notebook

import (
	"regexp"
	"strings"
	"unicode"
)

// terminalWidth is the number of columns that every terminal is trusted to have.
const terminalWidth = 80

// listItem is the marker that begins an item of a Markdown list.
var listItem = regexp.MustCompile(`^\s*([-*+]|\d{1,9}[.)])\s+`)

// wrapProse breaks the paragraphs and list items of a Markdown text at width
// columns and leaves its other lines (headings, quotations, code) as they are.
// Markdown is meant to be read as it is written, so this is its terminal form.
func wrapProse(text string, width int) string {
	var out, words []string
	var lead, indent string // what stands before the first and the other lines
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

// wrapWords fills lines of at most width columns. A word that is wider than a
// line is broken, so nothing is lost.
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

// displayWidth is the number of terminal columns that a line of text takes.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth follows what terminals do: marks sit on the letter before them,
// East Asian letters and pictographs are two columns wide.
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
