package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/pkg/errors"
)

// writeJSON writes one object to standard output.
func (c console) writeJSON(value any) error {
	e := json.NewEncoder(c.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return errors.Wrap(e.Encode(value), "standard output")
}

func (c console) print(text string) error {
	_, err := io.WriteString(c.stdout, text)
	return errors.Wrap(err, "standard output")
}

// count writes "1 row" or "30 rows".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short is a number with six digits, or all before the point, or "–" if it is missing.
func short(v *float64) string {
	if v == nil {
		return "–"
	}
	if size := math.Abs(*v); size >= 1e6 && size < 1e12 {
		return strconv.FormatFloat(*v, 'f', 0, 64)
	}
	return strconv.FormatFloat(*v, 'g', 6, 64)
}
