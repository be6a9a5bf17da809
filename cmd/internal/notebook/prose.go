package notebook

import (
	"bufio"
	"bytes"
	stdhtml "html"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer/html"
)

// prose writes a Markdown document as plain text, without the marks of Markdown.
type prose struct{ source []byte }

// heading is a title or a heading, underlined with a mark.
func heading(text, mark string, width int) []string {
	lines := wrapWords(strings.Fields(text), width)
	longest := 0
	for _, line := range lines {
		longest = max(longest, displayWidth(line))
	}
	return append(lines, strings.Repeat(mark, longest))
}

// blocks returns the lines of the blocks in a node, with empty lines between the blocks
// unless they are tight, as the items of most lists are.
func (p prose) blocks(parent ast.Node, width int, tight bool) []string {
	var out []string
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		lines := p.block(n, width)
		if len(out) > 0 && len(lines) > 0 && !tight {
			out = append(out, "")
		}
		out = append(out, lines...)
	}
	return out
}

func (p prose) block(n ast.Node, width int) []string {
	switch n := n.(type) {
	case *ast.Heading:
		return heading(p.inline(n), "-", width)
	case *ast.Paragraph, *ast.TextBlock:
		var out []string
		for line := range strings.SplitSeq(p.inline(n), "\n") {
			out = append(out, wrapWords(strings.Fields(line), width)...)
		}
		return out
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return strings.Split(spaces(string(n.Lines().Value(p.source))), "\n")
	case *ast.ThematicBreak:
		return []string{strings.Repeat("-", width)}
	case *ast.Blockquote:
		return p.indented(n, "  ", width, false)
	case *ast.List:
		var out []string
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			mark := "- "
			if n.IsOrdered() {
				mark = strconv.Itoa(number) + ". "
				number++
			}
			if len(out) > 0 && !n.IsTight {
				out = append(out, "")
			}
			out = append(out, p.indented(item, mark, width, n.IsTight)...)
		}
		return out
	}
	return p.blocks(n, width, false)
}

// indented returns the lines of a block after a mark and below its text. Blocks deep in
// others are not indented further, so that they remain readable.
func (p prose) indented(n ast.Node, mark string, width int, tight bool) []string {
	const least = 20
	indent := strings.Repeat(" ", len(mark))
	if width-len(indent) < least {
		indent = ""
	}
	lines := p.blocks(n, max(least, width-len(mark)), tight)
	for i, line := range lines {
		switch {
		case i == 0 && indent != "":
			lines[i] = mark + line
		case line != "":
			lines[i] = indent + line
		}
	}
	return lines
}

// inline returns the text in a block, with a line break where the author wants one.
func (p prose) inline(parent ast.Node) string {
	var out strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			out.WriteString(p.text(n))
			switch {
			case n.HardLineBreak():
				out.WriteByte('\n')
			case n.SoftLineBreak():
				out.WriteByte(' ')
			}
		case *ast.CodeSpan:
			for part := n.FirstChild(); part != nil; part = part.NextSibling() {
				if part, ok := part.(*ast.Text); ok {
					out.WriteString(strings.ReplaceAll(string(part.Value(p.source)), "\n", " "))
				}
			}
		case *ast.AutoLink:
			out.Write(n.Label(p.source))
		case *ast.Link:
			text, to := p.inline(n), string(n.Destination)
			out.WriteString(text)
			if to != "" && to != text {
				out.WriteString(" (" + to + ")")
			}
		default:
			out.WriteString(p.inline(n))
		}
	}
	return clean(out.String())
}

// text resolves the escapes and entities of a text. The writer of goldmark does, and
// escapes the result for HTML, which is undone.
func (p prose) text(n *ast.Text) string {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	html.DefaultWriter.Write(w, n.Value(p.source))
	_ = w.Flush() // into memory
	return stdhtml.UnescapeString(b.String())
}

// spaces replaces the tabs of code, which terminals show in different widths.
func spaces(code string) string {
	return strings.ReplaceAll(strings.Trim(code, "\n"), "\t", "    ")
}
