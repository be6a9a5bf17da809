package datasets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// detectTimes finds the columns of times by the rows that are held. It refuses those that the
// options name and that have none, and text in a column whose name says that it has times.
func (r *reader) detectTimes(s sample) error {
	if r.format = r.o.time; r.format == noTimes {
		return nil
	}
	if len(r.label.columns) == 0 {
		r.label, r.others = s.choose()
		return r.checkDetected(s)
	}
	if len(r.label.columns) == 1 {
		r.label = s.withClock(r.label.columns[0])
	} else if l, ok := s.compose(r.label.columns); ok {
		r.label = l
	} else if r.o.file {
		text, _ := r.label.of(r.held[0].cells)
		return r.rows.fault(r.label.name(r.names), "must make up a time, as a date and a time of day, or the year, the month and the day: correct "+
			r.o.config+".Index", strconv.Quote(shorten(text)))
	}
	return r.checkNamed(s)
}

// sample is the rows that are held.
func (r *reader) sample() sample {
	s := sample{names: r.names, by: r.by, used: append(slices.Clone(r.wanted), r.by), format: r.o.time}
	for _, row := range r.held {
		s.rows = append(s.rows, row.cells)
	}
	return s
}

// checkNamed refuses a column of labels that most are no times, unless they are numbers.
func (r *reader) checkNamed(s sample) error {
	f := s.fit(r.label)
	r.preferWeeks(s, f)
	if !r.o.file || f.most() || r.o.time != "" {
		return nil
	}
	if len(r.label.columns) == 1 && s.mostly(r.label.columns[0], isNumber) {
		r.format = plainNumbers
		return nil
	}
	text, _ := r.label.of(r.held[0].cells)
	return r.notTimes(r.label.name(r.names), text)
}

// checkDetected refuses text that should be times, and a format that no column has.
func (r *reader) checkDetected(s sample) error {
	if len(r.label.columns) > 0 {
		r.preferWeeks(s, s.fit(r.label))
		return nil
	}
	if !r.o.file {
		return nil
	}
	if r.o.time != "" {
		return r.rows.fault(r.o.config+".Time", "must be how a column has its times, but none was found: name it with "+r.o.config+".Index", r.o.time)
	}
	if dates := slices.DeleteFunc(slices.Clone(r.names), func(name string) bool { return !isDate(name) }); len(dates) > 2 {
		return r.rows.fault("rows", "must be times, and columns what was measured: exchange rows and columns; "+r.o.remedy.none, "columns "+few(dates))
	}
	for i, name := range r.names {
		if !s.free(i) {
			continue
		}
		text := s.mostly(i, func(cell string) bool { return !isMeantAsNumber(cell) })
		certain := isNamed(name, certainNames)
		switch {
		case !text && certain && r.inOrder(s, i):
			return nil
		case certain, text && isTimeName(name), text && i == 0 && s.isShaped(i):
			return r.notTimes(name, r.held[0].cells[i])
		}
	}
	return nil
}

// inOrder takes a column of numbers that are no times, such as days of a spreadsheet, for the order
// of the rows, if they rise or fall.
func (r *reader) inOrder(s sample, column int) bool {
	s.format = plainNumbers
	l := labels{columns: []int{column}, guessed: true}
	if f := s.fit(l); f.good < f.filled || f.same > 0 || f.up > 0 && f.down > 0 {
		return false
	}
	r.label, r.format = l, plainNumbers
	return true
}

// notTimes refuses a column, of which it shows the first label.
func (r *reader) notTimes(field, label string) error {
	numbers := ""
	if isNumber(label) {
		numbers = "if only their order counts, set " + r.o.config + ".Time to numbers; "
	}
	return r.rows.fault(field, "must be times in a known form, such as 2024-01-31 15:04: write them so, or name another column with "+
		r.o.config+".Index; "+numbers+r.o.remedy.none, strconv.Quote(shorten(label)))
}

// preferWeeks reads numbers such as 202003 as weeks if the name of the column says so.
func (r *reader) preferWeeks(s sample, f fit) {
	if r.format == "" && f.format.name == "yyyymm" && hasWord(r.label.name(r.names), slices.Concat(roleNames[weekPart], []string{yearWeek})) {
		if s.format = yearWeek; s.fit(r.label).most() {
			r.format = yearWeek
		}
	}
}

// noteTimes says which columns have the times, where that is not plain.
func (r *reader) noteTimes() (notes []string) {
	if r.o.time == noTimes {
		return []string{"no times"}
	}
	if r.o.index == "" && (len(r.label.columns) > 1 || len(r.others) > 0 || r.label.guessed) {
		notes = append(notes, "times of "+quoted(r.names, r.label.columns))
	}
	if len(r.label.columns) == 0 {
		for _, i := range r.wanted {
			if isNamed(r.names[i], timeNames) || isNamed(r.names[i], dateNames) {
				notes = append(notes, fmt.Sprintf("%q read as numbers, not as times", shorten(r.names[i])))
			}
		}
	}
	if len(r.others) > 0 {
		notes = append(notes, "other columns of times left out: "+quoted(r.names, r.others))
	}
	return notes
}

func quoted(names []string, columns []int) string {
	const most = 8
	var text []string
	for _, i := range columns[:min(most, len(columns))] {
		text = append(text, strconv.Quote(shorten(names[i])))
	}
	if len(columns) > most {
		text = append(text, "…")
	}
	return strings.Join(text, ", ")
}
