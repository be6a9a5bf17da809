package datasets

import "slices"

// compose finds out what the columns that the user names say about the time; false if they
// do not make up one.
func (s sample) compose(columns []int) (labels, bool) {
	l := labels{columns: columns, roles: make([]role, len(columns))}
	has := map[role]int{}
	var open []int // places of the columns that say nothing by themselves
	for n, i := range columns {
		r, ok := s.role(i)
		if l.roles[n] = r; !ok {
			open = append(open, n)
			continue
		}
		has[r]++
	}
	if has[wholeDate] == 1 && len(columns) == 2 { // any other column has the time of day
		n := 1 - slices.Index(l.roles, wholeDate)
		if len(open) > 0 {
			n = open[0]
		}
		style, ok := s.clockStyle(columns[n])
		l.roles[n], l.style = clockTime, style
		return l, ok
	}
	for _, n := range open { // numbers in the usual order
		r := yearPart + role(n)
		if has[wholeDate] > 0 || r > secondPart || !s.isPart(columns[n], r) {
			return l, false
		}
		l.roles[n] = r
		has[r]++
	}
	for _, n := range has {
		if n > 1 {
			return l, false
		}
	}
	return l, isWhole(has)
}

// role is what one column says, by its cells and its name; false if that is not known.
func (s sample) role(column int) (role, bool) {
	if s.mostly(column, isDate) || s.fit(labels{columns: []int{column}}).format.name == "yyyymmdd" {
		return wholeDate, true
	}
	for r := yearPart; r < roles; r++ {
		if isNamed(s.names[column], roleNames[r]) && s.isPart(column, r) {
			return r, true
		}
	}
	if s.mostly(column, isClockText) {
		return clockTime, true
	}
	return roles, false // none of them
}

// isWhole reports whether parts make up a time, without a part missing between two.
func isWhole(has map[role]int) bool {
	days := has[wholeDate] + has[yearPart]*(has[yearDayPart]+has[monthPart]*has[dayPart])
	long := has[quarterPart] + has[weekPart] + has[monthPart]
	switch clock := has[clockTime] + has[hourPart]; {
	case clock > 0:
		return days == 1 && clock == 1 && has[minutePart] >= has[secondPart]
	case has[minutePart]+has[secondPart] > 0:
		return false
	case days == 1:
		return true
	}
	return has[yearPart] == 1 && long > 0
}
