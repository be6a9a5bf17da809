package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestStockOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	run := runDemo(t, append([]string{"stock"}, tiny...)...)
	if run.status != statusOK {
		t.Fatalf("status %d: %s", run.status, run.stderr)
	}
	checkPlain(t, run.stdout, 80)
	if got := strings.Count(run.stderr, "Epoch 1/1"); got != 2 {
		t.Errorf("progress of %d trainings: %s", got, run.stderr)
	}
	page, err := os.ReadFile("engram-report/stock.html")
	if err != nil {
		t.Fatal(err)
	}
	text, printed := string(page), strings.Join(strings.Fields(run.stdout), " ")
	for _, want := range []string{
		"Can an LSTM forecast the DAX?", "1749-01", "2013-09", "lstm/recurrent_kernel", "datasets.EUStocks()", "Training loss of the DAX", "Training loss of the sunspots",
		"Errors in the last fifth of the DAX", "Errors in the last fifth of the sunspots", "Errors in the last fifth of each series", "The next day", "not investment advice",
	} {
		if !strings.Contains(text, want) || !strings.Contains(printed, want) {
			t.Errorf("%q is missing", want)
		}
	}
	// The table shows the same values as --json.
	results := stockJSON(t, tiny...)
	row := func(r map[string]any) string {
		var cells []string
		for _, key := range []string{"rmse", "persistence_rmse", "mae", "persistence_mae"} {
			cells = append(cells, number(r[key].(float64)))
		}
		return fmt.Sprintf("%s %.1f %%", strings.Join(cells, " "), 100*r["skill"].(float64))
	}
	for _, want := range []string{"DAX index points " + row(results), "sunspots sunspot number " + row(results["sunspots"].(map[string]any))} {
		if !strings.Contains(printed, want) {
			t.Errorf("the table does not have %q", want)
		}
	}
	// The verdict comes first, below the question.
	spots := results["sunspots"].(map[string]any)
	first := fmt.Sprintf("repeats the last value? - The DAX: %s - The sunspots: %s Errors in the last fifth of each series ", results["verdict"], spots["verdict"])
	if !strings.Contains(printed, first) {
		t.Errorf("%q is not below the question", first)
	}
	if at := strings.Index(printed, first); at > 200 {
		t.Errorf("the verdict is behind %q", printed[:at])
	}
	if got := strings.Count(text, "<figure>"); got != 8 {
		t.Errorf("the page has %d figures", got)
	}
	if !strings.HasSuffix(run.stdout, "Report: engram-report/stock.html (open it in a browser)\n") {
		t.Error("the path of the report is not the last line")
	}
}

// checkPlain fails if a text for the terminal is too wide or has marks of Markdown.
func checkPlain(t *testing.T, text string, width int) {
	t.Helper()
	chart := regexp.MustCompile(`^ *[-0-9.e]* [|+]`)
	for line := range strings.Lines(text) {
		marks := strings.ContainsAny(line, "\t`#") || strings.Contains(line, "**") && !chart.MatchString(line)
		if len([]rune(line)) > width+1 || marks {
			t.Errorf("line %q is too wide or has marks", line)
		}
	}
}

// In a narrow terminal all lines are narrow.
func TestStockNarrow(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("COLUMNS", "60")
	out, err := os.Create("out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var stderr bytes.Buffer
	if status := start(t.Context(), append([]string{"stock"}, tiny...), out, &stderr); status != statusOK {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	text, err := os.ReadFile("out")
	if err != nil {
		t.Fatal(err)
	}
	checkPlain(t, string(text), 60)
}
