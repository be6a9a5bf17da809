package datasets

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// filter is a condition on the rows to read.
type filter struct {
	column int
	cell   string
}

type filters []filter

func (f filters) keep(row []string) bool {
	return !slices.ContainsFunc(f, func(f filter) bool { return strings.TrimSpace(row[f.column]) != f.cell })
}

// find finds the columns that are named, and the conditions on rows.
func (r *reader) find() (filters filters, err error) {
	at := func(field, name string) (int, error) {
		i := slices.Index(r.names, name)
		if i < 0 {
			err = r.rows.fault(r.o.config+"."+field, "must be one of "+list(r.names), shorten(name))
		}
		return i, err
	}
	if i := slices.Index(r.names, r.o.index); r.o.index != "" && i >= 0 {
		r.label.columns = []int{i}
	} else if r.o.index != "" {
		for _, name := range strings.Split(r.o.index, ",") {
			i, err := at("Index", strings.TrimSpace(name))
			if err != nil {
				return nil, err
			}
			r.label.columns = append(r.label.columns, i)
		}
	}
	if name, twice := duplicate(r.o.columns); twice {
		return nil, r.rows.fault(r.o.config+".Columns", "must all be different", shorten(name))
	}
	for i, name := range r.o.columns {
		one, err := at(fmt.Sprintf("Columns[%d]", i), name)
		if err != nil {
			return nil, err
		}
		r.wanted = append(r.wanted, one)
	}
	for _, name := range slices.Sorted(maps.Keys(r.o.where)) {
		i, err := at("Where", name)
		if err != nil {
			return nil, err
		}
		filters = append(filters, filter{i, strings.TrimSpace(r.o.where[name])})
	}
	if r.by = -1; r.o.by != "" {
		if r.by = slices.Index(r.names, r.o.by); r.by < 0 {
			return nil, r.rows.fault("by", "must be one of "+list(r.names), shorten(r.o.by))
		}
	}
	return filters, nil
}
