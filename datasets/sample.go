package datasets

import (
	"slices"
	"strings"
	"unicode"
)

// sample is the first rows of a table, by which the columns with the times are chosen.
type sample struct {
	names  []string
	rows   [][]string
	by     int    // the column that divides the rows into series; -1 if they are one
	used   []int  // the columns that hold something else
	format string // the name of the one to read; "" for all
}

const (
	sampleCells = 100 // of a column, to find out what kind it is
	quickCells  = 20  // if none of them is a time, none is
)

// fit is how the labels of a sample are read in one format.
type fit struct {
	format         timeFormat
	good, filled   int // labels that are times, and all that are not missing
	up, down, same int // steps from a row to the next of the series
}

// most reports whether at least half of the labels are times.
func (f fit) most() bool { return f.good > 0 && 2*f.good >= f.filled }

// strict reports whether all labels are times, and all steps go in one direction.
func (f fit) strict() bool {
	return f.good > 0 && f.good == f.filled && f.same == 0 && (f.up == 0) != (f.down == 0)
}

// constant reports whether the times are always the same.
func (f fit) constant() bool { return f.same > 0 && f.up == 0 && f.down == 0 }

// fit reads the labels in the format that most of them have; of several, in the first in
// which the rows are in order.
func (s sample) fit(l labels) (best fit) {
	texts := make([]string, len(s.rows))
	filled := 0
	for i, row := range s.rows {
		text, ok := l.of(row)
		if !ok || isMissing(text) {
			continue
		}
		texts[i] = text
		filled++
	}
	best.filled = filled
	for _, f := range timeFormats {
		if s.format != "" && f.name != s.format || f.name == plainNumbers && s.format != plainNumbers {
			continue
		}
		now := s.try(f, texts)
		now.filled = filled
		ordered := func(f fit) bool { return f.up == 0 || f.down == 0 }
		if now.good > best.good || now.good > 0 && now.good == best.good && ordered(now) && !ordered(best) {
			best = now
		}
	}
	return best
}

// try reads texts, one a row, in one format.
func (s sample) try(f timeFormat, texts []string) fit {
	at := fit{format: f}
	last := map[string]instant{}
	tried := 0
	for i, text := range texts {
		if text == "" {
			continue
		}
		if tried++; tried > quickCells && at.good == 0 {
			break
		}
		now, ok := f.parse(text)
		if !ok {
			continue
		}
		at.good++
		series := ""
		if s.by >= 0 {
			series = s.rows[i][s.by]
		}
		if before, ok := last[series]; ok {
			switch now.at.Compare(before.at) {
			case 1:
				at.up++
			case -1:
				at.down++
			default:
				at.same++
			}
		}
		last[series] = now
	}
	return at
}

// share counts the first cells of a column that are not missing, and those of a kind.
func (s sample) share(column int, is func(cell string) bool) (of, filled int) {
	for _, row := range s.rows {
		if isMissing(row[column]) {
			continue
		}
		if filled == sampleCells || filled == quickCells && of == 0 {
			break
		}
		filled++
		if is(row[column]) {
			of++
		}
	}
	return of, filled
}

// mostly reports whether at least half of the cells are of a kind.
func (s sample) mostly(column int, is func(cell string) bool) bool {
	of, filled := s.share(column, is)
	return of > 0 && 2*of >= filled
}

// all reports whether all cells are of a kind.
func (s sample) all(column int, is func(cell string) bool) bool {
	of, filled := s.share(column, is)
	return of > 0 && of == filled
}

func (s sample) free(column int) bool { return !slices.Contains(s.used, column) }

// nameWords are the words of a name, and all of it, in lower case: of MESS_DATUM and OpenTime,
// also datum and time.
func nameWords(name string) []string {
	var spaced strings.Builder
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = ' '
		case unicode.IsUpper(r) && lower:
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(r)
		lower = unicode.IsLower(r)
	}
	words := strings.Fields(strings.ToLower(spaced.String()))
	return append(words, strings.Join(words, " "), strings.Join(words, ""))
}
