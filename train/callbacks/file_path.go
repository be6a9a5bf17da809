package callbacks

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
)

// filePath is a path with placeholders, such as "runs/{epoch:02d}-{val_loss:.4f}.safetensors".
type filePath struct {
	field string // of the config, for errors
	parts []pathPart
}

// pathPart is text, or a placeholder.
type pathPart struct {
	text         string
	name, format string // of a placeholder; format has %
	whole        bool   // the format is of whole numbers
}

// formats are those of Python for numbers: a width, zeros before the number, a precision
// and the kind. Two digits bound the length.
var formats = regexp.MustCompile(`^(0?[0-9]{0,2})(\.[0-9]{1,2})?([dfeg]?)$`)

// parsePath reads a path with placeholders.
func parsePath(field, text string) (filePath, error) {
	p := filePath{field: field}
	fail := func(rule string) (filePath, error) {
		return filePath{}, graph.Error{Field: field, Rule: rule, Value: strconv.Quote(text)}
	}
	if text == "" {
		return fail("must not be empty")
	}
	literal := func(s string) { p.parts = append(p.parts, pathPart{text: s}) }
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		switch {
		case i < 0:
			literal(rest)
			rest = ""
		case i > 0:
			literal(rest[:i])
			rest = rest[i:]
		case strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "}}"):
			literal(rest[:1])
			rest = rest[2:]
		default:
			end := strings.IndexByte(rest, '}')
			if rest[0] == '}' || end < 0 {
				return fail("must have a } for every {, and both twice where they are part of a name")
			}
			name, spec, formatted := strings.Cut(rest[1:end], ":")
			m := formats.FindStringSubmatch(spec)
			if m == nil || m[3] == "d" && m[2] != "" {
				return fail("must have formats of numbers such as {epoch:02d} and {val_loss:.4f}")
			}
			part := pathPart{name: name, whole: m[3] == "d"}
			if formatted {
				kind := m[3]
				if kind == "" {
					kind = "v"
				}
				part.format = "%" + m[1] + m[2] + kind
			}
			p.parts = append(p.parts, part)
			rest = rest[end+1:]
		}
	}
	return p, p.checkFolder(text)
}

// checkFolder holds that the path stays in the folder before its first placeholder,
// whatever the numbers are.
func (p filePath) checkFolder(text string) error {
	inside, ok := strings.CutPrefix(p.fill(func(pathPart) string { return "0" }), p.folder())
	if ok && filepath.IsLocal(inside) && filepath.Clean(inside) != "." {
		return nil
	}
	return graph.Error{Field: p.field, Rule: "must name a file, and after the first placeholder stay within its folder", Value: strconv.Quote(text)}
}

// folder is the path up to the first placeholder, or to the name of the file, with its
// separator; "" for the current one.
func (p filePath) folder() string {
	fixed := ""
	for _, part := range p.parts {
		if part.text == "" {
			break
		}
		fixed += part.text
	}
	return fixed[:strings.LastIndexFunc(fixed, func(r rune) bool { return r < 128 && os.IsPathSeparator(uint8(r)) })+1]
}

// check refuses placeholders that are neither counts nor logs of Fit, of epochs or of
// batches.
func (p filePath) check(t *train.Trainer, batches bool) error {
	known := append([]string{"epoch"}, t.LogNames()...)
	if batches {
		known = append(known, "batch")
	}
	for _, part := range p.parts {
		if part.text != "" || slices.Contains(known, part.name) {
			continue
		}
		if name, val := strings.CutPrefix(part.name, "val_"); val && !batches && slices.Contains(t.LogNames(), name) {
			continue
		}
		rule := "must have placeholders of " + strings.Join(known, ", ")
		if !batches {
			rule += ", or val_ and one of these"
		}
		return graph.Error{Field: p.field, Rule: rule, Value: "{" + part.name + "}"}
	}
	for _, part := range p.parts {
		if part.whole && part.name != "epoch" && part.name != "batch" {
			return graph.Error{Field: p.field, Rule: "must have a format d of epoch and batch alone; others are such as {loss:.4f}", Value: "{" + part.name + "}"}
		}
	}
	return nil
}

// at is the path at an event. Epoch and batch count from 1.
func (p filePath) at(e *train.Event) (string, error) {
	var err error
	path := p.fill(func(part pathPart) string {
		number := float64(e.Epoch + 1)
		switch part.name {
		case "epoch":
		case "batch":
			number = float64(e.Batch + 1)
		default:
			value, ok := e.Logs.Get(part.name)
			if !ok {
				err = graph.Error{Field: p.field, Rule: "must have placeholders of " + names(e.Logs), Value: "{" + part.name + "}"}
			}
			number = value
		}
		switch {
		case part.format == "":
			return strconv.FormatFloat(number, 'g', -1, 64)
		case part.whole:
			return fmt.Sprintf(part.format, int(number))
		}
		return fmt.Sprintf(part.format, number)
	})
	return path, err
}

// fill replaces the placeholders.
func (p filePath) fill(number func(part pathPart) string) string {
	var b strings.Builder
	for _, part := range p.parts {
		if part.text != "" {
			b.WriteString(part.text)
		} else {
			b.WriteString(number(part))
		}
	}
	return b.String()
}
