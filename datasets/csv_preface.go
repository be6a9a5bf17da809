package datasets

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

// preface is what stands before the table in a file.
type preface struct {
	lines, skipped, comments int    // lines in all, those to skip, and comments
	separator                rune   // that a line such as sep=; names; or 0
	comment                  string // the last line, if it is a comment
}

var sepLine = regexp.MustCompile(`(?i)^"?sep=(.|\\t)"?$`)

// readPreface removes so many lines from the start, and then comments, blank lines and a line
// that names the separator.
func readPreface(text *bufio.Reader, skip int, path string, total int) (p preface, err error) {
	for {
		head, _ := text.Peek(sampleBytes)
		used := 0
		for {
			line, _, whole := bytes.Cut(head[used:], []byte("\n"))
			if !whole || !p.add(strings.Trim(string(line), " \r"), skip) {
				break
			}
			used += len(line) + 1
		}
		if used == 0 {
			return p, nil
		}
		text.Discard(used) // cannot fail: the bytes are there
		if total -= used; total < 0 {
			return p, errs.Error{Path: path, Field: "file", Rule: "must have a table below its comments"}
		}
	}
}

// add adds a line; false if it belongs to the table.
func (p *preface) add(line string, skip int) bool {
	const mostBlank = 1000
	comment := ""
	switch sep := sepLine.FindStringSubmatch(line); {
	case p.lines < skip:
		p.skipped++
	case sep != nil && p.separator == 0:
		p.separator = []rune(strings.Replace(sep[1], `\t`, "\t", 1))[0]
	case isComment(line):
		p.comments++
		comment = line
	case filled(line) || p.lines > mostBlank:
		return false
	}
	p.lines++
	p.comment = comment
	return true
}

func isComment(text string) bool {
	return strings.HasPrefix(text, "#") && !isMissing(text) || strings.HasPrefix(text, "%") || strings.HasPrefix(text, "//")
}
