package datasets

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// numbers reads numbers as they are formatted for people.
type numbers struct {
	decimal byte // the decimal mark, . or ,
}

// figure is a number in a cell.
type figure struct {
	text string // as ParseFloat reads it
	unit string // written before or behind it, such as % or EUR
	form form   // how else it is written
}

// form is a set of ways to write numbers.
type form uint8

const (
	grouped form = 1 << iota
	inParentheses
	trailingMinus
	scaled
)

// scales are suffixes of numbers, as exponents.
var scales = map[byte]string{'K': "e3", 'k': "e3", 'M': "e6", 'B': "e9"}

// spaces may divide thousands, as may the other characters that a number may have inside.
const (
	spaces = " \u00a0\u202f\u2009"
	inside = "0123456789.,'’" + spaces
)

// read reads a cell; false if it is no number.
func (n numbers) read(cell string) (f figure, ok bool) {
	s := strings.TrimSpace(cell)
	if n.decimal == '.' && isPlain(s) || isInfinity(s) {
		return figure{text: s}, true
	}
	s = strings.ReplaceAll(s, "−", "-")
	before, core, behind := n.divide(s)
	open, end := strings.Count(before, "("), strings.Count(behind, ")")
	minus, behindIt := strings.Count(before, "-"), strings.Count(behind, "-")
	if core == "" || open != end || open+minus+behindIt+strings.Count(before, "+") > 1 {
		return figure{}, false
	}
	exponent := ""
	if i := strings.IndexAny(core, "eE"); i > 0 {
		core, exponent = core[:i], core[i:]
	}
	unit, scale, ok := unitOf(signsBefore.Replace(before), signsBehind.Replace(behind))
	whole, fraction, _ := strings.Cut(core, string(n.decimal))
	digits, proper := ungroup(whole)
	if !ok || !proper || !allDigits(fraction) || exponent != "" && (scale != "" || digits != whole) {
		return figure{}, false
	}
	f = figure{text: digits + "." + fraction + exponent + scale, unit: unit}
	if open+minus+behindIt > 0 {
		f.text = "-" + f.text
	}
	for _, has := range []struct {
		form form
		is   bool
	}{{grouped, digits != whole}, {inParentheses, open > 0}, {trailingMinus, behindIt > 0}, {scaled, scale != ""}} {
		if has.is {
			f.form |= has.form
		}
	}
	return f, true
}

var signsBefore, signsBehind = strings.NewReplacer("(", "", "-", "", "+", ""), strings.NewReplacer(")", "", "-", "")

// isPlain reports whether a text is a number as programs write it. ParseFloat alone takes
// 1_000 and 0x1p4 too.
func isPlain(s string) bool {
	digits, point, exponent := false, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits = true
		case c == '.' && !point && !exponent:
			point = true
		case (c == 'e' || c == 'E') && digits && !exponent:
			exponent, digits = true, false
		case (c == '-' || c == '+') && (i == 0 || s[i-1] == 'e' || s[i-1] == 'E'):
		default:
			return false
		}
	}
	return digits
}

func isInfinity(s string) bool {
	s = strings.ToLower(strings.TrimLeft(s, "+-"))
	return s == "inf" || s == "infinity"
}

// divide finds the digits of a number, with what is between them and an exponent.
func (n numbers) divide(s string) (before, core, behind string) {
	from := strings.IndexAny(s, "0123456789")
	if from < 0 {
		return s, "", ""
	}
	if from > 0 && s[from-1] == n.decimal && !isMoney(strings.TrimSpace(signsBefore.Replace(s[:from]))) { // not Rs.5
		from--
	}
	to := len(s) - len(strings.TrimLeft(s[from:], inside))
	if exponent := s[to:]; s[to-1] >= '0' && s[to-1] <= '9' && exponent != "" && (exponent[0] == 'e' || exponent[0] == 'E') {
		digits := strings.TrimPrefix(strings.TrimPrefix(exponent[1:], "-"), "+")
		if rest := strings.TrimLeft(digits, "0123456789"); rest != digits {
			to = len(s) - len(rest)
		}
	}
	core = strings.TrimRight(s[from:to], spaces)
	return s[:from], core, s[from+len(core):]
}

// ungroup removes what divides thousands, groups of three digits, or of two before the last
// three, as in India.
func ungroup(whole string) (digits string, ok bool) {
	i := strings.IndexFunc(whole, func(r rune) bool { return r < '0' || r > '9' })
	if i < 0 {
		return whole, true
	}
	separator, _ := utf8.DecodeRuneInString(whole[i:])
	groups := strings.Split(whole, string(separator))
	last, size := len(groups)-1, 3
	if separator == ',' && last > 1 && len(groups[1]) == 2 {
		size = 2
	}
	for i, group := range groups {
		least, most := size, size
		switch i {
		case 0:
			least = 1
		case last:
			least, most = 3, 3
		}
		if !allDigits(group) || len(group) < least || len(group) > most {
			return "", false
		}
	}
	return strings.Join(groups, ""), groups[0][0] != '0'
}

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// decimalOf is the decimal mark of a cell: . or , if it is a number with that alone, 0 if it
// is one with both or none.
func decimalOf(cell string) (mark byte, either bool) {
	_, point := numbers{'.'}.read(cell)
	_, comma := numbers{','}.read(cell)
	switch {
	case point && !comma:
		return '.', false
	case comma && !point:
		return ',', false
	}
	return 0, point
}

// detectDecimal finds the decimal mark of the cells of some rows; 0 if none shows it. In
// files with a comma between cells, it is a point, unless a cell shows the other.
func detectDecimal(rows [][]string, separator rune) byte {
	comma := false
	if len(rows) > 1 { // without the header
		rows = rows[1:]
	}
	for _, row := range rows {
		for _, cell := range row {
			if !strings.ContainsAny(cell, ".,") || isClock(cell) { // 12.30 may be a time of day
				continue
			}
			mark, _ := decimalOf(cell)
			if mark == '.' { // cells that contradict it are refused
				return '.'
			}
			comma = comma || mark == ','
		}
	}
	switch {
	case comma:
		return ','
	case separator == ',':
		return '.'
	}
	return 0
}

// isFinite reports whether a text that read gives is within the range of float64.
func isFinite(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && !isInfinity(text)
}
