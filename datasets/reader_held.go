package datasets

import "slices"

// The rows that are held, at most.
const (
	heldRows  = 1000
	heldBytes = 1 << 20
)

// heldRow is a row that is kept until the columns are detected, and its place.
type heldRow struct {
	cells []string
	place int
}

// take adds a row, or holds it until there are enough to detect the columns.
func (r *reader) take(row []string) error {
	if r.holding < 0 {
		return r.add(row)
	}
	r.held = append(r.held, heldRow{slices.Clone(row), r.rows.place()})
	for _, cell := range row {
		r.holding += len(cell)
	}
	if len(r.held) < heldRows && r.holding < heldBytes {
		return nil
	}
	return r.release()
}

// release detects the columns and adds the rows that are held.
func (r *reader) release() error {
	if len(r.held) == 0 {
		return nil
	}
	last := r.rows.place()
	r.rows.moveTo(r.held[0].place)
	if err := r.detect(); err != nil {
		return err
	}
	for _, row := range r.held {
		r.rows.moveTo(row.place)
		if err := r.add(row.cells); err != nil {
			return err
		}
	}
	r.rows.moveTo(last)
	r.held, r.holding = nil, -1
	return nil
}
