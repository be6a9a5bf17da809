package datasets

import (
	"strings"
	"testing"
)

func TestReadCSVLimits(t *testing.T) {
	text := "a,b\n1,2\n3,4\n" // 12 bytes, 4 cells below the header
	for _, c := range []struct {
		most limits
		want string
	}{
		{limits{record: 20, total: 12, cells: 4}, ""},
		{limits{record: 20, total: 11, cells: 4}, "file must be at most 11 bytes long"},
		{limits{record: 20, total: 12, cells: 3}, "x:3: file must have at most 3 cells"},
		{limits{record: 3, total: 12, cells: 4}, "x:1: row must be at most 3 bytes long"},
	} {
		s, err := readCSV(strings.NewReader(text), "x", CSVConfig{}, c.most)
		switch {
		case c.want == "" && (err != nil || s.Len() != 2):
			t.Errorf("%+v: %v, error %v", c.most, s, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: error %v", c.most, err)
		}
	}
}

func TestShorten(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                  "plain",
		"two\nlines":             "two�lines",
		"\xff":                   "�",
		strings.Repeat("é", 100): strings.Repeat("é", 40) + "…",
	} {
		if got := shorten(in); got != want {
			t.Errorf("shorten(%q) = %q", in, got)
		}
	}
	if got := list(strings.Split("a,b,c,d,e,f,g,h,i,j", ",")); got != "[a, b, c, d, e, f, g, h, …]" {
		t.Error(got)
	}
}
