package datasets

import (
	"slices"
	"strings"
	"time"
)

// dateLayouts are the recognized dates. Two of them match the same cells, as
// 1/2/2006 may begin with the month or the day. Years of two digits and plain
// numbers are left out, as they are too often something else.
var dateLayouts = []string{
	"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05", time.RFC3339, "2006-01", "2006/1/2",
	"1/2/2006", "2/1/2006", "2.1.2006", "Jan 2, 2006", "2 Jan 2006", "2-Jan-2006",
}

// dateColumn is the first column whose cell is a date and that is not read as
// numbers, or -1.
func dateColumn(row []string, wanted []int) int {
	for i, cell := range row {
		if len(readings(cell)) > 0 && !slices.Contains(wanted, i) {
			return i
		}
	}
	return -1
}

// chronology checks the order of the labels of rows, to detect files with the newest
// row first.
type chronology struct {
	begun    bool
	readings []reading // those that every label so far has
}

// reading is the labels parsed with one layout.
type reading struct {
	layout      string
	first, last time.Time
	forward     bool // from one row to the next, somewhere
}

// readings are all dates that a label can mean.
func readings(label string) []reading {
	var all []reading
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, strings.TrimSpace(label)); err == nil {
			all = append(all, reading{layout: layout, first: at, last: at})
		}
	}
	return all
}

func (c *chronology) add(label string) {
	if !c.begun {
		c.begun, c.readings = true, readings(label)
		return
	}
	kept := c.readings[:0]
	for _, r := range c.readings {
		at, err := time.Parse(r.layout, strings.TrimSpace(label))
		if err != nil {
			continue
		}
		r.forward = r.forward || at.After(r.last)
		r.last = at
		kept = append(kept, r)
	}
	c.readings = kept
}

// backwards reports whether the dates descend with every layout that parses all
// labels.
func (c *chronology) backwards() bool {
	return len(c.readings) > 0 && !slices.ContainsFunc(c.readings, func(r reading) bool {
		return r.forward || !r.last.Before(r.first)
	})
}
