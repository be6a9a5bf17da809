package notebook

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDates(t *testing.T) {
	at := func(text string) float64 {
		when, err := time.Parse("2006-01-02 15:04:05", text)
		if err != nil {
			t.Fatal(err)
		}
		return float64(when.Unix())
	}
	for _, c := range []struct{ from, to, want string }{
		{"1949-01-01 00:00:00", "1961-12-01 00:00:00", "1950 1955 1960"},
		{"2024-01-15 00:00:00", "2024-05-20 00:00:00", "2024-02 2024-03 2024-04 2024-05"},
		{"2024-02-20 12:00:00", "2024-03-15 12:00:00", "2024-02-26 2024-03-04 2024-03-11"},
		{"2024-01-01 00:00:00", "2024-01-02 00:00:00", "01-01 00:00 01-01 12:00 01-02 00:00"},
		{"1969-12-31 23:59:50", "1970-01-01 00:00:11", "23:59:50 23:59:55 00:00:00 00:00:05 00:00:10"},
		{"0001-01-01 00:00:00", "9999-12-31 23:59:59", "2000 4000 6000 8000"},
	} {
		var got []string
		for _, m := range dates(6)(at(c.from), at(c.to)) {
			got = append(got, m.Label)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s to %s: got %s, want %s", c.from, c.to, text, c.want)
		}
	}
}

// Ticks lie on the axis in order, and are as many as asked for at most.
func TestDatesOfAnyAxis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(firstDate, lastDate).Draw(t, "from")
		hi := min(lastDate, lo+rapid.SampledFrom([]float64{10, 1e3, 1e5, 1e7, 1e9, 1e11}).Draw(t, "length"))
		want := rapid.IntRange(2, 10).Draw(t, "want")
		marks := dates(want)(lo, hi)
		if len(marks) > want+1 {
			t.Fatalf("%d ticks from %g to %g, want %d", len(marks), lo, hi, want)
		}
		for i, m := range marks {
			if m.Value < lo || m.Value > hi || i > 0 && m.Value <= marks[i-1].Value {
				t.Fatalf("tick %d of %v is outside %g to %g, or not after the one before", i, marks, lo, hi)
			}
		}
	})
}
