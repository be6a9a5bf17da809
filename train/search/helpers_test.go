package search_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/engram-go/engram/train/search"
)

// Files in memory save waiting for the disk, which would be most of the time of the tests.
func TestMain(m *testing.M) {
	if path := os.Getenv(killedFile); path != "" {
		os.Exit(killed(path))
	}
	const inMemory = "/dev/shm"
	if _, err := os.Stat(inMemory); err == nil {
		os.Setenv("TMPDIR", inMemory)
	}
	os.Exit(m.Run())
}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func check(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t tester, cfg search.Config, f search.Objective) *search.Result {
	t.Helper()
	r, err := search.Run(context.Background(), cfg, f)
	check(t, err)
	return r
}

// tables are all that a result writes.
func tables(t tester, r *search.Result) string {
	t.Helper()
	var out bytes.Buffer
	check(t, r.WriteTable(&out))
	check(t, r.WriteCSV(&out))
	best, err := r.Best()
	fmt.Fprintln(&out, best.Trial, best.Score, err)
	return out.String()
}
