package datasets

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestReadCSVLimits(t *testing.T) {
	text := "a,b\n1,2\n3,4\n" // 12 bytes, 4 cells below the header
	for _, c := range []struct {
		most limits
		want errs.Error
	}{
		{limits{record: 20, total: 11, cells: 4}, errs.Error{Field: "file"}},
		{limits{record: 20, total: 12, cells: 3}, errs.Error{Path: "x:3", Field: "cells"}},
		{limits{record: 3, total: 12, cells: 4}, errs.Error{Path: "x:1", Field: "row"}},
	} {
		_, err := readCSV(strings.NewReader(text), "x", "", CSVConfig{}, c.most)
		errtest.Check(t, err, c.want)
	}
	if all, err := readCSV(strings.NewReader(text), "x", "", CSVConfig{}, limits{record: 20, total: 12, cells: 4}); err != nil || all[0].Len() != 2 {
		t.Errorf("%v, error %v", all, err)
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
