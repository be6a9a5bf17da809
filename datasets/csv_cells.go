package datasets

import (
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/dense"
	"github.com/pkg/errors"
)

// missing are the cells that mark a missing number, in lower case.
var missing = []string{"", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", ".", "?"}

// decoration removes currency signs, percent signs and digit separators.
var decoration = strings.NewReplacer(",", "", "'", "", "’", "", "\u00a0", "", "\u202f", "", "$", "", "€", "", "£", "", "¥", "", "%", "")

// numeric lists the columns whose cell is meant as a number, even where it cannot
// be parsed: a bad cell must be reported, and not remove its column.
func numeric(row []string, index int) []int {
	var columns []int
	for i, cell := range row {
		if i != index && (slices.Contains(missing, strings.ToLower(strings.TrimSpace(cell))) || isNumber(decoration.Replace(cell))) {
			columns = append(columns, i)
		}
	}
	return columns
}

// isNumber tells whether a cell is a number, or NaN, or one too large.
func isNumber(cell string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// isFigure tells whether a name is written in figures: "inf" may be inflation.
func isFigure(name string) bool {
	v, err := strconv.ParseFloat(name, 64)
	return err == nil && dense.Finite(v)
}
