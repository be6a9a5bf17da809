package optimizers

import "slices"

// used are the rows of a parameter whose slots may differ from those of the start. A row
// becomes one with its first gradient, and stays one.
type used struct {
	rows  []bool // nil for none
	stale bool   // slots were written without rows
}

// divideUsed makes the parts of parameter i that an update may change: the used rows, of
// the given size, and those of this step. Rows that follow each other are one part, up to
// a size.
func (e *elementsOf[T]) divideUsed(i, size int, rows []int) {
	u, n := e.used[i], len(e.rule.Slots)
	e.parts = e.parts[:0]
	if n == 0 { // no row is used but in its step
		for _, row := range rows {
			e.addRow(row, size)
		}
		return
	}
	if u.rows == nil {
		u.rows = make([]bool, e.params[i].Shape[0])
	}
	if u.stale {
		for row := range u.rows {
			u.rows[row] = e.hasSlots(i, row*size, (row+1)*size)
		}
		u.stale = false
	}
	for _, row := range rows {
		u.rows[row] = true
	}
	for row, yes := range u.rows {
		if yes {
			e.addRow(row, size)
		}
	}
}

// addRow adds a row to the last part, if it follows that and is not too much, or makes it
// a part of its own.
func (e *elementsOf[T]) addRow(row, size int) {
	p := part{row * size, (row + 1) * size}
	if k := len(e.parts) - 1; k >= 0 && e.parts[k].end == p.from && p.end-e.parts[k].from <= partSize {
		e.parts[k].end = p.end
		return
	}
	e.parts = append(e.parts, p)
}

// hasSlots reports whether a slot of a range of elements is not as it began.
func (e *elementsOf[T]) hasSlots(i, from, end int) bool {
	for j, slot := range e.rule.Slots {
		first := T(slot.Initial)
		if slices.ContainsFunc(e.slots[i][j][from:end], func(x T) bool { return x != first }) {
			return true
		}
	}
	return false
}
