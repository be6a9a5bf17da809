package datasets

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
)

// separators are those that are detected, with their names for Notes. A comma comes last,
// since it is also a decimal mark.
var separators = []struct {
	char rune
	name string
}{{'\t', "tab"}, {';', "semicolon"}, {'|', "pipe"}, {',', "comma"}}

// detectSeparator chooses the separator that the most lines have equally often; of those, the one
// that they have more often, but a comma last.
func detectSeparator(sample []byte) rune {
	const mostLines = 100
	lines := bytes.Split(bytes.TrimRight(sample, "\r\n"), []byte("\n"))
	lines = slices.DeleteFunc(lines[:min(len(lines), mostLines)], func(line []byte) bool { return isComment(string(line)) })
	best, most, often := ',', 0, 0
	for _, s := range separators {
		counts := map[int]int{}
		for _, line := range lines {
			if n := count(line, s.char); n > 0 {
				counts[n]++
				if counts[n] > most || counts[n] == most && n > often && s.char != ',' {
					best, most, often = s.char, counts[n], n
				}
			}
		}
	}
	return best
}

// count counts a character outside quotes.
func count(line []byte, char rune) (n int) {
	quoted := false
	for _, b := range line {
		if b == '"' {
			quoted = !quoted
		} else if rune(b) == char && !quoted {
			n++
		}
	}
	return n
}

// sampleRow is a row of the start of a file.
type sampleRow struct {
	cells []string
	line  int      // from 1
	apart bool     // a blank line is above it
	names []string // of the columns, in a comment directly above it; or nil
}

// sampleRows are the rows of the start of a file, without comments, of which the last before is
// given.
func sampleRows(sample []byte, separator rune, comment string) (rows []sampleRow) {
	if len(sample) == sampleBytes { // without the last line, which may be cut off
		sample = sample[:bytes.LastIndexByte(sample, '\n')+1]
	}
	reader := newReader(bytes.NewReader(sample), separator)
	reader.LazyQuotes = true
	end, apart := 0, false
	header := newReader(strings.NewReader(comment), separator)
	header.LazyQuotes = true // #"day";"v"
	above, _ := header.Read()
	for {
		begin := bytes.TrimLeft(sample[reader.InputOffset():], "\r\n")
		cells, err := reader.Read()
		if err != nil {
			return rows
		}
		line, _ := reader.FieldPos(0)
		last, _ := reader.FieldPos(len(cells) - 1)
		apart = apart || line > end+1
		end = last + strings.Count(cells[len(cells)-1], "\n")
		cells = slices.Clone(cells)
		if isCommentRow(cells) && !bytes.HasPrefix(begin, []byte(`"`)) {
			above = cells
			continue
		}
		cells, _ = decode(cells)
		rows = append(rows, sampleRow{cells, line, apart, commentedNames(above, cells)})
		above, apart = nil, false
	}
}

// isCommentRow reports whether a row begins as a comment and has no number behind that.
func isCommentRow(row []string) bool {
	return isComment(row[0]) && !slices.ContainsFunc(row[1:], func(cell string) bool { return filled(cell) && isMeantAsNumber(cell) })
}

// isSingle reports whether one cell alone is filled.
func isSingle(row []string) bool {
	n := 0
	for _, cell := range row {
		if filled(cell) {
			n++
		}
		if n > 1 {
			return false
		}
	}
	return n == 1
}

func filled(cell string) bool { return strings.TrimSpace(cell) != "" }

// width is the number of cells up to the last that is filled.
func width(cells []string) int {
	n := len(cells)
	for n > 0 && !filled(cells[n-1]) {
		n--
	}
	return n
}

func isData(cells []string) bool { return slices.ContainsFunc(cells, isNumberOrTime) }

// isDataBegin reports whether the first cell that is filled is a number or a time.
func isDataBegin(cells []string) bool {
	i := slices.IndexFunc(cells, filled)
	return i >= 0 && isNumberOrTime(cells[i])
}

// findHeader finds the header below titles: the first row with several cells of the longest run of
// rows as wide as most with several cells. It returns its place in the rows, and whether it is certain: the
// header has neither numbers nor times, and the rows above do not begin with them. If it is not
// known, it returns 0.
func findHeader(rows []sampleRow) (at int, certain bool) {
	counts := map[int]int{}
	most := 0
	for _, row := range rows {
		n := width(row.cells)
		if counts[n]++; n > 1 && (counts[n] > counts[most] || counts[n] == counts[most] && n > most) {
			most = n
		}
	}
	if most == 0 {
		return 0, false
	}
	from, longest, run := 0, 0, 0
	for i, row := range rows {
		fits := len(row.cells) >= most && width(row.cells) > 0
		if !fits || row.apart {
			run = 0
		}
		if !fits {
			continue
		}
		if run++; run > longest {
			from, longest = i+1-run, run
		}
	}
	at = from
	for at < from+longest-1 && width(rows[at].cells) < 2 {
		at++
	}
	if isData(rows[at].cells) && rows[at].names == nil { // titles, or narrow names in a line of its own
		at = from
	}
	above := rows[:at]
	switch {
	case at == 0 || longest < 2:
		return 0, false
	case slices.ContainsFunc(above, func(row sampleRow) bool { return isDataBegin(row.cells) }):
		if first := firstHeader(rows); first > 0 || isData(rows[at].cells) {
			return first, false
		}
		return at, false
	case isData(rows[at].cells) && rows[at].names == nil:
		if !rows[at].apart && (width(above[at-1].cells) > 1 || !slices.ContainsFunc(rows[at].cells, isDate)) {
			return 0, false // above are names, perhaps, and the cells are divided otherwise
		}
		return at, false
	}
	return at, true
}

// firstHeader is the place of the first row of several names above one of numbers or times.
func firstHeader(rows []sampleRow) int {
	for i, row := range rows[:len(rows)-1] {
		if n := width(row.cells); n > 1 && !isData(row.cells) && !rows[i+1].apart && isData(rows[i+1].cells) && width(rows[i+1].cells) >= n {
			return i
		}
	}
	return 0
}

// commentedNames are the names in a comment above a row of data; none if it has another number of
// cells.
func commentedNames(comment, row []string) []string {
	same := len(comment) == len(row) || width(comment) == width(row)
	if len(comment) < 2 || !same || !isData(row) || isData(comment[1:]) {
		return nil
	}
	names := slices.Clone(comment)
	if name := strings.Trim(strings.TrimLeft(names[0], "#%/"), "\" "); name != "" {
		names[0] = name
	}
	return names
}

// cut removes lines from the start of a text; they are in its buffer.
func cut(text *bufio.Reader, lines int) {
	for range lines {
		head, _ := text.Peek(sampleBytes)
		text.Discard(bytes.IndexByte(head, '\n') + 1)
	}
}
