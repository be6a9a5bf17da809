package datasets

import (
	"strconv"
	"strings"
)

// numbers reads numbers as they are formatted for people.
type numbers struct {
	decimal byte // the decimal mark, . or ,
}

// signs removes what stands around a number; spaces and apostrophes divide thousands.
var signs = strings.NewReplacer("$", "", "€", "", "£", "", "¥", "", "%", "", "'", "", "’", "", " ", "", "\u00a0", "", "\u202f", "", "−", "-")

// scales are suffixes of numbers, as exponents.
var scales = map[byte]string{'K': "e3", 'k': "e3", 'M': "e6", 'B': "e9"}

// plain writes a cell as a number that ParseFloat reads; false if it is none.
func (n numbers) plain(cell string) (string, bool) {
	s := strings.TrimSpace(cell)
	if _, err := strconv.ParseFloat(s, 64); err == nil && n.decimal == '.' {
		return s, true
	}
	s = signs.Replace(s)
	negative := false
	if inner, ok := strings.CutPrefix(s, "("); ok {
		if inner, ok = strings.CutSuffix(inner, ")"); !ok {
			return "", false
		}
		s, negative = inner, true
	}
	if rest, ok := strings.CutPrefix(s, "-"); ok && !negative {
		s, negative = rest, true
	} else if rest, ok := strings.CutSuffix(s, "-"); ok && !negative { // as accountants write it
		s, negative = rest, true
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	exponent := ""
	if i := strings.IndexAny(s, "eE"); i > 0 {
		s, exponent = s[:i], s[i:]
	} else if s != "" && scales[s[len(s)-1]] != "" {
		s, exponent = s[:len(s)-1], scales[s[len(s)-1]]
	}
	whole, fraction, _ := strings.Cut(s, string(n.decimal))
	thousands := ","
	if n.decimal == ',' {
		thousands = "."
	}
	groups := strings.Split(whole, thousands)
	for i, group := range groups {
		if !allDigits(group) || i > 0 && len(group) != 3 || len(groups) > 1 && (len(group) > 3 || len(group) == 0) {
			return "", false
		}
	}
	if !allDigits(fraction) || whole == "" && fraction == "" {
		return "", false
	}
	s = strings.Join(groups, "") + "." + fraction + exponent
	if negative {
		s = "-" + s
	}
	_, err := strconv.ParseFloat(s, 64)
	return s, err == nil || strings.Contains(err.Error(), "range")
}

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// detectDecimal finds the decimal mark of the cells of some rows; 0 if they could be
// numbers with either. In files with a semicolon between cells, 1.234 may be a thousand.
func detectDecimal(rows [][]string, separator rune) byte {
	point, comma, either := false, false, false
	for _, row := range rows {
		for _, cell := range row {
			if !strings.ContainsAny(cell, ".,") {
				continue
			}
			_, asPoint := numbers{'.'}.plain(cell)
			_, asComma := numbers{','}.plain(cell)
			zero := strings.HasPrefix(strings.TrimLeft(signs.Replace(cell), "+-("), "0")
			switch {
			case asPoint && !asComma, zero && asPoint && strings.Contains(cell, "."):
				point = true
			case asComma && !asPoint, zero && asComma:
				comma = true
			case asComma:
				either = true
			}
		}
	}
	switch {
	case point: // cells that contradict it are refused
		return '.'
	case comma:
		return ','
	case either && separator != ',':
		return 0
	}
	return '.'
}
