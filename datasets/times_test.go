package datasets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// lines is a file of a header and cells, each with a number behind it.
func lines(header string, cells ...string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i, cell := range cells {
		b.WriteString(cell + "," + string(rune('1'+i)) + "\n")
	}
	return b.String()
}

// The column of times is chosen by the cells and the name; the newest row may come first.
func TestChoiceOfTimes(t *testing.T) {
	const day, hour = "2006-01-02", "2006-01-02 15"
	for _, c := range []struct {
		name, text    string
		config        datasets.CSVConfig
		layout, times string // of all rows, in their order
		columns       string
		notes         string
	}{
		{"a word of the name", lines("MESS_DATUM,v", "20200103", "20200102", "20200101"), datasets.CSVConfig{}, day, "2020-01-01 2020-01-02 2020-01-03", "v", "comma-separated, yyyymmdd, newest first: reversed, every day"},
		{"a word between capitals", lines("n,openTime,v", "7,1577844000", "7,1577840400", "7,1577836800"), datasets.CSVConfig{}, hour, "2020-01-01 00,2020-01-01 01,2020-01-01 02", "n,v", "comma-separated, seconds since 1970, newest first: reversed, every hour"},
		{"the first column", lines("foo,v", "1577844000123", "1577840400123", "1577836800123"), datasets.CSVConfig{}, hour, "2020-01-01 00,2020-01-01 01,2020-01-01 02", "v", `comma-separated, times of "foo", milliseconds since 1970, newest first: reversed, every hour`},
		{"the first column that changes", lines("id,foo,v", "7,20200101", "7,20200102", "7,20200103"), datasets.CSVConfig{}, day, "2020-01-01 2020-01-02 2020-01-03", "id,v", `comma-separated, times of "foo", yyyymmdd, every day`},
		{"no header", "1577844000,3\n1577847600,4\n1577851200,5\n", datasets.CSVConfig{}, hour, "2020-01-01 02,2020-01-01 03,2020-01-01 04", "column 2", `comma-separated, no header, times of "column 1", seconds since 1970, every hour`},
		{"no header, months", "201912,3\n202001,4\n202002,5\n", datasets.CSVConfig{}, day, "2019-12-01 2020-01-01 2020-02-01", "column 2", `comma-separated, no header, times of "column 1", yyyymm, every month`},
		{"no header, year and month", "2019;12;2019.958;3\n2020;01;2020.042;4\n2020;02;2020.125;5\n", datasets.CSVConfig{}, day, "2019-12-01 2020-01-01 2020-02-01", "column 3,column 4", `semicolon-separated, no header, times of "column 1", "column 2", yyyy-mm, every month`},
		{"no header, year, month and day", "2019,12,31,3\n2019,12,30,4\n2019,12,29,5\n", datasets.CSVConfig{}, day, "2019-12-29 2019-12-30 2019-12-31", "column 4", `comma-separated, no header, times of "column 1", "column 2", "column 3", yyyy-mm-dd, newest first: reversed, every day`},
		{"no header, date and hour", "2020-01-01,22,3\n2020-01-01,23,4\n2020-01-02,0,5\n", datasets.CSVConfig{}, hour, "2020-01-01 22,2020-01-01 23,2020-01-02 00", "column 3", `comma-separated, no header, times of "column 1", "column 2", yyyy-mm-dd, every hour`},
		{"no header, a number of the date and hour", "20200101,22,3\n20200101,23,4\n20200102,0,5\n", datasets.CSVConfig{}, hour, "2020-01-01 22,2020-01-01 23,2020-01-02 00", "column 3", `comma-separated, no header, times of "column 1", "column 2", yyyymmdd, every hour`},
		{"a named format", lines("left,v", "2019", "2020", "2021"), datasets.CSVConfig{Time: "yyyy"}, day, "2019-01-01 2020-01-01 2021-01-01", "v", "comma-separated, yyyy, every year"},
		{"a named format, and a name", lines("left,year,v", "1990,2019", "1991,2020", "1992,2021"), datasets.CSVConfig{Time: "yyyy"}, day, "2019-01-01 2020-01-01 2021-01-01", "left,v", "comma-separated, yyyy, every year"},
		{"the order of numbers", lines("n,date,v", "1,43833", "2,43832", "3,43831"), datasets.CSVConfig{Time: "numbers"}, "", "", "n,v", "comma-separated, numbers, newest first: reversed"},
		{"days of a spreadsheet", lines("date,v", "43833", "43832", "43831"), datasets.CSVConfig{}, "", "", "v", `comma-separated, times of "date", numbers, newest first: reversed`},
		{"midnights and hours", lines("Date,Hour,v", "2024-01-01 00:00:00,0", "2024-01-01 00:00:00,1", "2024-01-01 00:00:00,2"), datasets.CSVConfig{}, hour, "2024-01-01 00,2024-01-01 01,2024-01-01 02", "v", `comma-separated, times of "Date", "Hour", yyyy-mm-dd, every hour`},
		{"microseconds", lines("time,v", "1700000000.000064", "1700000000.000065", "1700000000.000066"), datasets.CSVConfig{}, "05.000000", "20.000064,20.000065,20.000066", "v", "comma-separated, seconds since 1970, irregular"},
		{"not seconds", lines("date,v", "2020010122", "2020010123", "2020010200"), datasets.CSVConfig{}, hour, "2020-01-01 22,2020-01-01 23,2020-01-02 00", "v", "comma-separated, yyyymmddhh, every hour"},
		{"seconds, named", lines("date,v", "2020010100", "2020013700"), datasets.CSVConfig{Time: "seconds since 1970"}, hour, "2034-01-04 17,2034-01-04 18", "v", "comma-separated, seconds since 1970"},
		{"numbers of weeks", lines("week,v", "202052", "202053", "202101"), datasets.CSVConfig{}, day, "2020-12-21 2020-12-28 2021-01-04", "v", "comma-separated, yyyyww, every week"},
		{"numbers of weeks that may be months", lines("ISO week,v", "202001", "202002", "202003"), datasets.CSVConfig{}, day, "2019-12-30 2020-01-06 2020-01-13", "v", "comma-separated, yyyyww, every week"},
		{"exponents", lines("time,v", "1.57784E9", "1.577844E9"), datasets.CSVConfig{}, "15:04", "00:53,02:00", "v", "comma-separated, seconds since 1970"},

		{"not counts", lines("left,v", "2024", "2023", "2022"), datasets.CSVConfig{}, "", "", "left,v", "comma-separated"},
		{"not durations", lines("response time,v", "2024", "2023", "2022"), datasets.CSVConfig{}, "", "", "response time,v", "comma-separated"},
		{"not people", lines("people,v", "300000001", "300000003", "300000006"), datasets.CSVConfig{}, "", "", "people,v", "comma-separated"},
		{"not numbers of orders", lines("order,v", "1577844001", "1577844002", "1577844003"), datasets.CSVConfig{}, "", "", "order,v", "comma-separated"},
		{"not in order", lines("id,v", "20200103", "20200101", "20200102"), datasets.CSVConfig{}, "", "", "id,v", "comma-separated"},
		{"not valid", lines("id,v", "20200130", "20200131", "20200132"), datasets.CSVConfig{}, "", "", "id,v", "comma-separated"},
		{"years and fractions", lines("time,v", "2020.25", "2020.5"), datasets.CSVConfig{}, "", "", "time,v", `comma-separated, "time" read as numbers, not as times`},
		{"none", lines("date,v", "2020-01-02", "2020-01-01"), datasets.CSVConfig{Time: "none"}, "", "", "v", "comma-separated, no times, columns of text left out: [date]"},

		{"not one that is always the same", lines("_start,_stop,_time,v", "2020-01-01,2020-02-01,2020-01-02", "2020-01-01,2020-02-01,2020-01-01"), datasets.CSVConfig{}, day, "2020-01-01 2020-01-02", "v", `comma-separated, times of "_time", other columns of times left out: "_start", "_stop", yyyy-mm-dd, newest first: reversed`},
		{"another of numbers", lines("unix,date,v", "1577844000,2020-01-01 02:00", "1577840400,2020-01-01 01:00"), datasets.CSVConfig{}, hour, "2020-01-01 01,2020-01-01 02", "v", `comma-separated, times of "date", other columns of times left out: "unix", yyyy-mm-dd, newest first: reversed`},

		{"date and hour", lines("date,hour,v", "2020-01-02,1", "2020-01-02,0", "2020-01-01,1", "2020-01-01,0"), datasets.CSVConfig{}, hour, "2020-01-01 00,2020-01-01 01,2020-01-02 00,2020-01-02 01", "v", `comma-separated, times of "date", "hour", yyyy-mm-dd, newest first: reversed, every hour, 22 rows missing at 2020-01-01T02:00`},
		{"date and hour, named", lines("date,hour,v", "2020-01-02,1", "2020-01-02,0", "2020-01-01,1"), datasets.CSVConfig{Index: "date,hour"}, hour, "2020-01-01 01,2020-01-02 00,2020-01-02 01", "v", "comma-separated, yyyy-mm-dd, newest first: reversed, every hour, 22 rows missing at 2020-01-01T02:00"},
		{"hour and date", lines("Hour,Date,v", "23,20200101", "24,20200101", "1,20200102"), datasets.CSVConfig{Index: "Hour,Date"}, hour, "2020-01-01 23,2020-01-02 00,2020-01-02 01", "v", "comma-separated, yyyymmdd, every hour"},
		{"24:00", lines("date,time,v", "2020-01-01,23:00", "2020-01-01,24:00", "2020-01-02,01:00"), datasets.CSVConfig{}, hour, "2020-01-01 23,2020-01-02 00,2020-01-02 01", "v", `comma-separated, times of "date", "time", yyyy-mm-dd, every hour`},
		{"digits", lines("DATE,TIME,v", "20200101,000000", "20200101,010000", "20200101,020000"), datasets.CSVConfig{}, hour, "2020-01-01 00,2020-01-01 01,2020-01-01 02", "v", `comma-separated, times of "DATE", "TIME", yyyymmdd, every hour`},
		{"digits, named", lines("a,b,v", "20200101,000000", "20200101,010000", "20200101,020000"), datasets.CSVConfig{Index: "a,b"}, hour, "2020-01-01 00,2020-01-01 01,2020-01-01 02", "v", "comma-separated, yyyymmdd, every hour"},
		{"digits without zeros", lines("date,time,v", "20200101,0", "20200101,30", "20200101,100", "20200101,130"), datasets.CSVConfig{}, "15:04", "00:00,00:30,01:00,01:30", "v", `comma-separated, times of "date", "time", yyyymmdd, every 30 minutes`},
		{"points", lines("Date,Time,v", "13/03/2004,18.00.00", "13/03/2004,19.00.00", "13/03/2004,20.00.00"), datasets.CSVConfig{Index: "Date,Time"}, hour, "2004-03-13 18,2004-03-13 19,2004-03-13 20", "v", "comma-separated, dd/mm/yyyy, every hour"},
		{"intervals of hours", lines("day,Hours,v", "31-12-2019,00 - 01", "31-12-2019,01 - 02", "31-12-2019,02 - 03"), datasets.CSVConfig{}, hour, "2019-12-31 00,2019-12-31 01,2019-12-31 02", "v", `comma-separated, times of "day", "Hours", dd-mm-yyyy, the start of intervals, every hour`},
		{"hour and minute", lines("date,hour,minute,v", "2020-01-01,0,30", "2020-01-01,1,0", "2020-01-01,1,30"), datasets.CSVConfig{}, "15:04", "00:30,01:00,01:30", "v", `comma-separated, times of "date", "hour", "minute", yyyy-mm-dd, every 30 minutes`},
		{"two hours a day", lines("date,n,v", "2020-01-01,0", "2020-01-02,1", "2020-01-03,2"), datasets.CSVConfig{}, day, "2020-01-01 2020-01-02 2020-01-03", "n,v", "comma-separated, yyyy-mm-dd, every day"},

		{"short names", lines("yr,mo,dy,v", "2020,1,1", "2020,1,2", "2020,1,3"), datasets.CSVConfig{}, day, "2020-01-01 2020-01-02 2020-01-03", "v", `comma-separated, times of "yr", "mo", "dy", yyyy-mm-dd, every day`},
		{"names of months", lines("Year,Quarter,Month,Day,v", "2020,Qtr 1,January,30", "2020,Qtr 1,January,31", "2020,Qtr 1,February,1"), datasets.CSVConfig{}, day, "2020-01-30 2020-01-31 2020-02-01", "v", `comma-separated, times of "Year", "Month", "Day", yyyy-mm-dd, columns of text left out: [Quarter], every day`},
		{"quarters", lines("year,quarter,v", "2020,3", "2020,4", "2021,1"), datasets.CSVConfig{}, day, "2020-07-01 2020-10-01 2021-01-01", "v", `comma-separated, times of "year", "quarter", quarters, every quarter`},
		{"quarters, named", lines("year,quarter,v", "2021,1", "2020,4", "2020,3"), datasets.CSVConfig{Index: "year,quarter"}, day, "2020-07-01 2020-10-01 2021-01-01", "v", "comma-separated, quarters, newest first: reversed, every quarter"},
		{"weeks", lines("year,week,v", "2020,52", "2020,53", "2021,1"), datasets.CSVConfig{Index: "year,week"}, day, "2020-12-21 2020-12-28 2021-01-04", "v", "comma-separated, weeks, every week"},
		{"days of the year", lines("YEAR,DOY,v", "2019,364", "2019,365", "2020,1"), datasets.CSVConfig{}, day, "2019-12-30 2019-12-31 2020-01-01", "v", `comma-separated, times of "YEAR", "DOY", yyyy-ddd, every day`},
		{"parts in any order", lines("d,m,y,v", "30,1,2020", "31,1,2020"), datasets.CSVConfig{Index: "y,m,d"}, day, "2020-01-30 2020-01-31", "v", "comma-separated, yyyy-mm-dd"},
	} {
		s, err := datasets.ReadCSV(strings.NewReader(c.text), c.config)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var times []string
		for _, at := range s.Times {
			times = append(times, at.UTC().Format(c.layout))
		}
		separator := ","
		if c.layout == day {
			separator = " "
		}
		if got := strings.Join(times, separator); got != c.times || strings.Join(s.Columns, ",") != c.columns || s.Notes != c.notes {
			t.Errorf("%s: times %q, columns %q, notes %q", c.name, got, s.Columns, s.Notes)
		}
	}
}

// What is no time is refused, with the option that helps.
func TestRefusedTimes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		config     datasets.CSVConfig
		want       errs.Error
		remedy     string
	}{
		{"no time in the first row", lines("date,v", "", "2020-01-03", "2020-01-02"), datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "date", Value: `""`}, "remove this row"},
		{"text in the first row", lines("date,v", "start", "20200103", "20200102"), datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "date", Value: `"start"`}, "remove this row"},
		{"times as columns", "place,1/22/20,1/23/20,1/24/20\na,1,2,3\nb,4,5,6\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "rows", Value: "columns 1/22/20,1/23/20,1/24/20"}, "exchange rows and columns"},
		{"an unknown form", lines("date,v", "FY2020", "FY2021"), datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "date", Value: `"FY2020"`}, "CSVConfig.Time to none"},
		{"an unknown form by its shape", lines("a,v", "in 2021", "in 2020"), datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "a", Value: `"in 2021"`}, "CSVConfig.Time to none"},
		{"days of a spreadsheet", lines("date,v", "43833", "43832", "43834"), datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "date", Value: `"43833"`}, "CSVConfig.Time to numbers"},
		{"an unknown form, named", lines("a,v", "FY2020", "FY2021"), datasets.CSVConfig{Index: "a"}, errs.Error{Path: "csv:2", Field: "a", Value: `"FY2020"`}, "CSVConfig.Time to none"},
		{"no time together", lines("a,b,v", "2020-01-01,x", "2020-01-02,y"), datasets.CSVConfig{Index: "a,b"}, errs.Error{Path: "csv:2", Field: "a,b", Value: `"2020-01-01 x"`}, "CSVConfig.Index"},
		{"a part twice", lines("year,month,mon,v", "2020,1,1", "2020,2,2"), datasets.CSVConfig{Index: "year,month,mon"}, errs.Error{Path: "csv:2", Field: "year,month,mon"}, "CSVConfig.Index"},
		{"a part missing", lines("year,day,v", "2020,1", "2020,2"), datasets.CSVConfig{Index: "year,day"}, errs.Error{Path: "csv:2", Field: "year,day"}, "CSVConfig.Index"},
		{"no hour", lines("date,hour,v", "2020-01-01,0", "2020-01-01,1", "2020-01-01,"), datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "date,hour"}, "remove this row"},
		{"half hours", lines("date,period,v", "2020-01-01,1", "2020-01-01,48", "2020-01-02,1"), datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "date"}, "CSVConfig.Index"},
		{"another column of times", lines("updated,day,v", "2024-01-01,2020-01-01", "2024-01-01,2020-01-02", "2024-01-02,2020-01-03"), datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "updated"}, `CSVConfig.Index: "day"`},
		{"several series", lines("date,store,v", "2020-01-01,1", "2020-01-01,2", "2020-01-02,1", "2020-01-02,2"), datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "date"}, "CSVConfig.Where"},
		{"no column with this format", lines("a,v", "1", "2"), datasets.CSVConfig{Time: "yyyymmdd"}, errs.Error{Path: "csv:2", Field: "CSVConfig.Time"}, "CSVConfig.Index"},
		{"a wrong number behind times", lines("a,v", "20200131", "20200132"), datasets.CSVConfig{Index: "a"}, errs.Error{Path: "csv:3", Field: "a", Value: `"20200132"`}, "remove this row"},
		{"no year", lines("date,v", "Nov 5", "Nov 6"), datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "date", Value: "Nov 5"}, "a year"},
		{"week 54", lines("date,v", "2020-W53", "2020-W54"), datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "date"}, "remove this row"},
	} {
		s, err := datasets.ReadCSV(strings.NewReader(c.text), c.config)
		errtest.Check(t, err, c.want)
		if s != nil || err != nil && !strings.Contains(err.Error(), c.remedy) {
			t.Errorf("%s: %v, error %v", c.name, s, err)
		}
	}
}

// A fault behind the rows by which the columns are chosen has its own line.
func TestFaultsInLongFiles(t *testing.T) {
	var b strings.Builder
	b.WriteString("day,v\n")
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 3000 {
		b.WriteString(at.Format(time.DateOnly) + ",1\n")
		at = at.AddDate(0, 0, 1)
	}
	text := b.String()
	all := strings.Split(text, "\n")
	for _, line := range []int{1, 999, 1000, 1001, 2999} {
		bad := slices.Clone(all)
		bad[line] = "2000-01-01x,1"
		_, err := datasets.ReadCSV(strings.NewReader(strings.Join(bad, "\n")), datasets.CSVConfig{})
		errtest.Check(t, err, errs.Error{Path: fmt.Sprintf("csv:%d", line+1), Field: "day"})
	}
	s, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{})
	if err != nil || s.Len() != 3000 || s.Notes != "comma-separated, yyyy-mm-dd, every day" {
		t.Errorf("%v, error %v", s, err)
	}
}
