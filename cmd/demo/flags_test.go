package main

import (
	"strings"
	"testing"
)

// Invalid flags and files: the error names the flag, the rule and the value, and
// no file is written.
func TestInvalidFlags(t *testing.T) {
	const several = "label,open,close\na,1,2\nb,2,3\n"
	for _, c := range []struct {
		name   string
		file   string // contents of prices.csv; no file if empty
		args   string
		status int
		want   string
	}{
		{"zero steps", "", "--steps 0", statusUsage, `--steps must be a whole number from 1 to 400, got "0"`},
		{"many steps", "", "--steps 401", statusUsage, `--steps must be a whole number from 1 to 400, got "401"`},
		{"negative units", "", "--units -3", statusUsage, `--units must be a whole number from 1 to 512, got "-3"`},
		{"huge units", "", "--units 99999999999999999999", statusUsage, `--units must be a whole number from 1 to 512, got "99999999999999999999"`},
		{"fraction of an epoch", "", "--epochs 1.5", statusUsage, `--epochs must be a whole number from 1 to 10000, got "1.5"`},
		{"negative seed", "", "--seed -1", statusUsage, `--seed must be a whole number from 0 to 18446744073709551615, got "-1"`},
		{"no transform", "", "--transform log", statusUsage, `--transform must be one of log-return, diff, standard, minmax, none, got "log"`},
		{"not boolean", "", "--json=maybe", statusUsage, `--json must be true or false, got "maybe"`},
		{"empty report", "", "--report=", statusUsage, `--report must not be empty, got ""`},
		{"empty file", "", "--csv=", statusUsage, `--csv must not be empty, got ""`},
		{"unknown flag", "", "--layers 2", statusUsage, "flag provided but not defined: --layers"},
		{"missing value", "", "--steps", statusUsage, "flag needs an argument: --steps"},
		{"argument", "", "prices.csv", statusUsage, `arguments must all be flags, got "prices.csv"`},
		{"unknown index", "", "--column DOW", statusUsage, "eustocks: --column must be one of [DAX, SMI, CAC, FTSE], got DOW"},

		{"no file", "", "--csv nowhere.csv", statusFailure, "nowhere.csv: file must be readable, got no such file or directory"},
		{"folder", "", "--csv .", statusFailure, ".: file must be a regular file, got a directory"},
		{"no column named", several, "--csv prices.csv", statusUsage, "--column must say which column of prices.csv to forecast: open, close"},
		{"wrong column named", several, "--csv prices.csv --column Close", statusUsage, "prices.csv:1: --column must be one of [label, open, close], got Close"},
		{"column of words", several, "--csv prices.csv --column label", statusFailure, "prices.csv:2: label must be a number with the decimal mark '.': "},
		{"ragged", "a,b\n1,2\n3\n", "--csv prices.csv --column a", statusFailure, "prices.csv:3: row must have 2 cells, as the header: "},
		{"day twice", "date,p\n2024-01-03,2\n2024-01-03,1\n", "--csv prices.csv", statusFailure, "prices.csv:3: date must not have a time twice: "},
		{"gap in another column", "a,b\n1,2\n3,n/a\n", "--csv prices.csv", statusFailure,
			`--missing drop or previous says what to do, and --column which column is needed: prices.csv:3: b must not be missing`},
		{"no number in another column", "a,b\n1,2\n3,x\n", "--csv prices.csv", statusFailure, `--csv without --column reads all columns of numbers: prices.csv:3: b must be a number`},
		{"not positive", "p\n3\n1\n2\n0\n5\n-1\n", "--csv prices.csv --steps 1", statusUsage,
			"--transform log-return is for prices, diff for other series: prices, row 3: p must be positive for LogReturn, got 0"},
		{"short", "p\n3\n1\n0\n", "--csv prices.csv --steps 3", statusUsage, "prices: --steps must leave 1 rows to forecast: the series has 3 rows, and the transform drops 1"},
		{"shorter than a window", "p\n3\n1\n2\n", "--csv prices.csv --steps 4", statusUsage, "prices: --steps must be at most the 3 rows of the series, got 4"},
		{"constant", "p\n" + strings.Repeat("7\n", 20), "--csv prices.csv --steps 2", statusFailure, "prices: p must not always change by the same ratio"},

		{"save nowhere", "", "--save nowhere/model", statusUsage, `--save must lie in a folder that exists, got "nowhere/model"`},
		{"save a folder", "", "--save .", statusUsage, `--save must be a regular file, got "."`},
		{"checkpoint in a file", "p\n1\n", "--checkpoint prices.csv", statusFailure, "--checkpoint: prices.csv/prices: folder must be one that can be written to, got not a directory"},
		{"report below a file", "p\n1\n", "--report prices.csv/here", statusUsage, `--report must be a folder or a path where one can be created, got "prices.csv/here"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			want := 0
			if c.file != "" {
				write(t, "prices.csv", c.file)
				want = 1
			}
			run := runDemo(t, append([]string{"stock"}, strings.Fields(c.args)...)...)
			if run.status != c.status || !strings.HasPrefix(run.stderr, "stock: "+c.want) {
				t.Errorf("status %d: %swant %d: %s", run.status, run.stderr, c.status, c.want)
			}
			if c.status == statusUsage && !strings.HasSuffix(run.stderr, "\nIts flags: go run ./cmd/demo stock -h\n") {
				t.Errorf("the error does not mention the help: %s", run.stderr)
			}
			if run.stdout != "" || len(files(t)) != want {
				t.Errorf("files %q, standard output %q", files(t), run.stdout)
			}
		})
	}
}
