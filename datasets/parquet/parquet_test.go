package parquet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// golden are the columns of the files, by the first word of their names.
func golden(t testing.TB) map[string]map[string][]float64 {
	t.Helper()
	raw, err := os.ReadFile("testdata/series.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string][]float64
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Every value of files that three libraries have written.
func TestLoad(t *testing.T) {
	all := golden(t)
	paths, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(paths) < 12 {
		t.Fatalf("%d files, error %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".parquet")
		kind, _, _ := strings.Cut(name, "_")
		if name == "nulls" || name == "polars_brotli" {
			continue
		}
		s, err := Load(path, Config{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if s.Name != name || len(s.Columns) != len(all[kind]) || len(all[kind]) == 0 {
			t.Errorf("%s: %s with columns %v", path, s.Name, s.Columns)
		}
		for i, column := range s.Columns {
			if d := cmp.Diff(all[kind][column], s.Values[i]); d != "" {
				t.Errorf("%s: %s: %s", path, column, d)
			}
		}
		if kind == "nested" {
			continue
		}
		if len(s.Index) != s.Len() {
			t.Errorf("%s: %d labels of %d rows", path, len(s.Index), s.Len())
			continue
		}
		for row, label := range s.Index {
			want := time.Date(2024, 1, 2, 0, row, 0, 0, time.UTC).Format(time.RFC3339)
			if kind == "logical" {
				want = time.Date(2024, 1, 2+row, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			}
			if label != want {
				t.Errorf("%s: row %d is labelled %s, want %s", path, row, label, want)
				break
			}
		}
	}
}

func TestConfig(t *testing.T) {
	s, err := Load("testdata/nulls.parquet", Config{Columns: []string{"c"}, Index: "c"})
	if err != nil {
		t.Fatal(err)
	}
	want := &datasets.Series{Name: "nulls", Index: []string{"1", "2", "3", "4", "5", "6"}, Columns: []string{"c"}, Values: [][]float64{{1, 2, 3, 4, 5, 6}}}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	if s, err = Load("testdata/nulls.parquet", Config{Columns: []string{"a", "b"}, Index: "c"}); err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	if d := cmp.Diff([][]float64{{1, 2, 3, 4, nan, 6}, {1, 2, 3, 4, 5, nan}}, s.Values, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
	raw, err := os.ReadFile("testdata/logical.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if s, err = Read(bytes.NewReader(raw), int64(len(raw)), Config{Columns: []string{"small", "price"}}); err != nil {
		t.Fatal(err)
	}
	want = &datasets.Series{Name: "parquet", Index: []string{"2024-01-02", "2024-01-03"},
		Times: []time.Time{time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2024, 1, 3, 0, 0, 0, 0, time.UTC)}, Columns: []string{"small", "price"}, Values: [][]float64{{-128, 127}, {101.25, -0.5}}}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
}

func TestErrors(t *testing.T) {
	path := "testdata/nulls.parquet"
	for _, c := range []struct {
		path   string
		config Config
		want   errs.Error
	}{
		{path, Config{Columns: []string{"c"}, Index: "a"}, errs.Error{Path: path + ", row 4", Field: "a"}},
		{path, Config{Columns: []string{"c"}}, errs.Error{Path: path, Field: "Series.Times"}},
		{path, Config{Columns: []string{"d"}}, errs.Error{Path: path, Field: "Config.Columns[0]"}},
		{path, Config{Columns: []string{"half"}}, errs.Error{Path: path, Field: "Config.Columns[0]"}},
		{path, Config{Columns: []string{"back"}}, errs.Error{Path: path, Field: "Config.Columns[0]"}},
		{path, Config{Index: "d"}, errs.Error{Path: path, Field: "Config.Index"}},
		{path, Config{Columns: []string{"c", "c"}, Index: "c"}, errs.Error{Path: path, Field: "Series.Columns"}},
		{"testdata/nested.parquet", Config{Columns: []string{"list"}}, errs.Error{Field: "Config.Columns[0]"}},
		{"testdata/nested.parquet", Config{Columns: []string{"text"}}, errs.Error{Field: "Config.Columns[0]"}},
		{"testdata/nested.parquet", Config{Index: "text"}, errs.Error{Field: "Config.Index"}},
		{"testdata/polars_brotli.parquet", Config{}, errs.Error{Path: "testdata/polars_brotli.parquet", Field: "x"}},
		{"testdata/series.json", Config{}, errs.Error{Path: "testdata/series.json", Field: "file"}},
		{"testdata/none.parquet", Config{}, errs.Error{Path: "testdata/none.parquet", Field: "file"}},
		{os.DevNull, Config{}, errs.Error{Path: os.DevNull, Field: "file"}},
	} {
		s, err := Load(c.path, c.config)
		errtest.Check(t, err, c.want)
		if s != nil {
			t.Errorf("an error came with %v", s)
		}
	}
	_, err := Read(nil, 100, Config{})
	errtest.Check(t, err, errs.Error{Path: "parquet", Field: "reader"})
}

// A file that is cut anywhere is an error, and so is one with a byte that is wrong, or it
// gives a series: some bytes do not matter, and few libraries write checksums.
func TestDamaged(t *testing.T) {
	for name, step := range map[string]int{"logical": 1, "polars_zstd": 17, "parquetjs_v1": 17} {
		raw, err := os.ReadFile("testdata/" + name + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(raw); n += step {
			if _, err := Read(bytes.NewReader(raw), int64(n), Config{}); err == nil {
				t.Fatalf("%s: no error of %d bytes of %d", name, n, len(raw))
			}
			one := bytes.Clone(raw)
			one[n] ^= 0xff
			checkRead(t, one)
		}
	}
}

// checkRead reads a file that may be damaged.
func checkRead(t *testing.T, raw []byte) {
	t.Helper()
	s, err := Read(bytes.NewReader(raw), int64(len(raw)), Config{})
	if err != nil {
		if s != nil || !errors.Is(err, errs.ErrInput) && !errors.Is(err, errs.ErrNotFinite) || len(err.Error()) > 4000 {
			t.Fatalf("series %v, error %v", s, err)
		}
		return
	}
	if _, err := datasets.FromColumns(s.Name, s.Columns, s.Values); err != nil || s.Index != nil && len(s.Index) != s.Len() {
		t.Fatalf("%d labels, error %v", len(s.Index), err)
	}
}

// Any bytes give a complete, finite series or an error. Half of the inputs are footers
// and pages within a valid file, where damage finds more code.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"logical", "nulls", "nested", "parquetjs_v1"} {
		raw, err := os.ReadFile("testdata/" + name + ".parquet")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, false)
		footer := int(binary.LittleEndian.Uint32(raw[len(raw)-8:]))
		f.Add(raw[:len(raw)-8-footer], true)
	}
	whole, err := os.ReadFile("testdata/logical.parquet")
	if err != nil {
		f.Fatal(err)
	}
	tail := int(binary.LittleEndian.Uint32(whole[len(whole)-8:])) + 8
	f.Fuzz(func(t *testing.T, raw []byte, within bool) {
		if within {
			file := bytes.Clone(whole)
			copy(file[:len(file)-tail], raw)
			raw = file
		}
		checkRead(t, raw)
	})
}

// Values of any bytes, in any encoding, are no more than were asked for.
func FuzzDecode(f *testing.F) {
	for _, encoding := range []int64{plain, plainDictionary, runLengths, deltaPacked, byteStreamSplit} {
		f.Add([]byte("\x02\x80\x01\x01\x05\x03\xff\xaa\x01\x08\x00\x00\x00"), encoding, int64(int32s), uint16(9))
	}
	dictionary := []uint64{5, 6, 7}
	f.Fuzz(func(t *testing.T, data []byte, encoding, physical int64, count uint16) {
		out, err := decodeValues(nil, data, encoding, physical, int(count), dictionary)
		if err == nil && len(out) != int(count) {
			t.Fatalf("%d values of %d", len(out), count)
		}
	})
}
