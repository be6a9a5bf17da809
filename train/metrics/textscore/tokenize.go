package textscore

import (
	"regexp"
	"strings"
	"unicode"
)

// Tokenize13a cuts a text into words like mteval-v13a, the script of the WMT, and
// sacrebleu's tokenizer "13a": around punctuation and symbols of ASCII, but not around a
// period or comma between digits, nor around a hyphen that does not follow a digit. The
// entities &quot; &amp; &lt; &gt; become characters, and a hyphen at the end of a line joins
// it to the next. It is meant for languages in Latin letters.
func Tokenize13a(text string) []string {
	text = strings.TrimRightFunc(text, isSpace)
	for _, r := range entities {
		text = strings.ReplaceAll(text, r.old, r.new)
	}
	text = " " + text + " "
	for _, r := range punctuation {
		text = r.pattern.ReplaceAllString(text, r.with)
	}
	return strings.FieldsFunc(text, isSpace)
}

// entities are replaced one after the other: &amp;lt; becomes < at the end.
var entities = []struct{ old, new string }{
	{"<skipped>", ""}, {"-\n", ""}, {"\n", " "},
	{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"},
}

var punctuation = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile("([ -&(-+:-@/\\[-`{-~])"), " ${1} "},
	{regexp.MustCompile("([^0-9])([.,])"), "${1} ${2} "},
	{regexp.MustCompile("([.,])([^0-9])"), " ${1} ${2}"},
	{regexp.MustCompile("([0-9])(-)"), "${1} ${2} "},
}

// isSpace is Python's: Unicode's, and four separators of ASCII.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
