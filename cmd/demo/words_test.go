package main

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
)

func TestConclusion(t *testing.T) {
	scored := func(skill float64, windows int) datasets.Score {
		return datasets.Score{Skill: skill, Windows: windows, RMSE: 1 - skill, PersistenceRMSE: 1}
	}
	good, level, bad := scored(0.084, 372), scored(0.002, 372), scored(-0.3, 372)
	for _, c := range []struct {
		name         string
		trained      int
		stock, spots datasets.Score
		want, never  string
	}{
		{"level prices", 1457, level, good, "learned from the sunspots and not from the DAX", "--epochs"},
		{"bad prices", 1457, bad, good, "**random walk**", "--epochs"},
		{"both learned", 50, good, good, "its RMSE is 8.4 % below that of persistence, on one stretch of 372 rows", "random walk"},
		{"sunspots not learned", 1457, good, bad, "something from the DAX, and nothing from the sunspots", "random walk"},
		{"nothing learned", 1457, level, level, "its result says nothing about the DAX", "random walk"},
		{"few to test", 1457, scored(-0.3, 8), good, "too little of the DAX to conclude anything.** With only 1457 windows to train on and 8 windows to test, chance decides", "random walk"},
		{"one to train", 1, good, good, "too little of the DAX to conclude anything.** With only 1 window to train on and 372 windows to test", "has learned"},
		{"a flat end", 1457, datasets.Score{RMSE: 1, Windows: 372}, good, "In its last fifth the DAX never changes", "random walk"},
	} {
		got := conclusion("the DAX", c.trained, c.stock, c.spots)
		if !strings.Contains(got, c.want) || strings.Contains(got, c.never) || strings.Contains(got, "%!") {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestOutlook(t *testing.T) {
	for _, c := range []struct {
		name       string
		last, next float64
		score      datasets.Score
		want       []string
	}{
		{"level, small step", 5473.72, 5480, datasets.Score{MAE: 48.15, Skill: 0.002},
			[]string{"ends at 5473.72", "**5480**, 6.280 up", "off by 48.15 on average, more than the step", "about as well"}},
		{"worse, large step", 100, 50, datasets.Score{MAE: 2, Skill: -0.2},
			[]string{"**50**, 50.00 down", "off by 2.000 on average. ", "Repeating the last value did better there"}},
		{"learned", 100, 101, datasets.Score{MAE: 2, Skill: 0.1},
			[]string{"It did better than repeating the last value there, by 10.0 %, which promises nothing"}},
		{"a flat end", 100, 101, datasets.Score{MAE: 2, RMSE: 2},
			[]string{"Repeating the last value did better there"}},
	} {
		got := outlook("day", c.last, c.next, c.score)
		for _, want := range append(c.want, "no advice to buy") {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in %q", c.name, want, got)
			}
		}
	}
}

func TestJudgement(t *testing.T) {
	const falling = " Its training loss fell all the same, from 1.020 to 0.9100: a falling loss alone proves nothing."
	level := datasets.Score{Skill: 0.002, Windows: 372}
	if got, want := judgement([]float64{1.02, 0.95, 0.91}, 1457, level), level.Verdict()+falling; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := judgement([]float64{1.02}, 1457, level); got != level.Verdict() {
		t.Errorf("one epoch: %q", got)
	}
	s := datasets.Score{Skill: 0.1, Windows: 50}
	if judgement([]float64{1, 0.5}, 50, s) != s.Verdict() {
		t.Error("a model that has learned is told that it has not")
	}
	const few = " With only 49 windows to train on and 50 windows to test, chance decides: this takes some hundred rows more."
	if got := judgement([]float64{1, 0.5}, 49, s); got != s.Verdict()+few {
		t.Errorf("few windows: %q", got)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{{62.899, "62.90"}, {5473.72, "5474"}, {123456, "123456"}, {2e9, "2.000e+09"}, {0.00512, "0.005120"}, {0, "0"}, {-3.25, "-3.250"}} {
		if got := number(c.v); got != c.want {
			t.Errorf("number(%v) = %q, want %q", c.v, got, c.want)
		}
	}
	for v, want := range map[float64]string{5473.72: "5473.72", 5492.5561: "5492.56", 1234567.8: "1234568", 0.00123: "0.00123", 0: "0"} {
		if got := value(v); got != want {
			t.Errorf("value(%v) = %q, want %q", v, got, want)
		}
	}
	if got := capital("über") + capital("the DAX"); got != "ÜberThe DAX" {
		t.Errorf("capital: %q", got)
	}
	if got := count(1, "day") + count(30, "day"); got != "1 day30 days" {
		t.Errorf("count: %q", got)
	}
}

func TestSeen(t *testing.T) {
	told := map[string]bool{}
	for name, transform := range transforms {
		text := seen(transform)
		if told[text] || !strings.HasPrefix(lossOf(transform), text) {
			t.Errorf("%s: %q is used twice, or not for the loss", name, text)
		}
		told[text] = true
	}
	if len(transforms) != len(transformNames) {
		t.Error("the names and the transforms differ")
	}
	for _, name := range transformNames {
		if transforms[name] == nil {
			t.Errorf("nothing is called %s", name)
		}
	}
}
