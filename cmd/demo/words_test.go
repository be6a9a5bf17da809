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
		{"level prices", 1457, level, good, "beats the naive forecast on the sunspots and not on the DAX", "--epochs"},
		{"bad prices", 1457, bad, good, "**random walk**", "--epochs"},
		{"both learned", 50, good, good, "its RMSE is 8.4 % below that of the naive forecast, on one test part of 372 rows", "random walk"},
		{"sunspots not learned", 1457, good, bad, "beats the naive forecast on the DAX, and not on the sunspots", "random walk"},
		{"nothing learned", 1457, level, level, "its result says nothing about the DAX", "random walk"},
		{"few to test", 1457, scored(-0.3, 8), good, "the DAX has too few rows for a conclusion.** With only 1457 windows to train on and 8 windows to test, the result is mostly chance", "random walk"},
		{"one to train", 1, good, good, "the DAX has too few rows for a conclusion.** With only 1 window to train on and 372 windows to test", "beats"},
		{"a flat end", 1457, datasets.Score{RMSE: 1, Windows: 372}, good, "In its last fifth the DAX is constant", "random walk"},
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
			[]string{"ends at 5473.72", "**5480**, 6.280 up", "off by 48.15 on average, more than the change", "about as well"}},
		{"worse, large step", 100, 50, datasets.Score{MAE: 2, Skill: -0.2},
			[]string{"**50**, 50.00 down", "off by 2.000 on average. ", "The naive forecast did better there"}},
		{"learned", 100, 101, datasets.Score{MAE: 2, Skill: 0.1},
			[]string{"It beat the naive forecast there by 10.0 %, which does not guarantee anything"}},
		{"a flat end", 100, 101, datasets.Score{MAE: 2, RMSE: 2},
			[]string{"The naive forecast did better there"}},
	} {
		got := outlook("day", c.last, c.next, c.score)
		for _, want := range append(c.want, "not investment advice") {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in %q", c.name, want, got)
			}
		}
	}
}

func TestFalling(t *testing.T) {
	level, good := datasets.Score{Skill: 0.002}, datasets.Score{Skill: 0.1}
	const want = " It fell from 1.020 to 0.9100, although the model does not beat the naive forecast: a falling training loss alone proves nothing."
	if got := falling([]float64{1.02, 0.95, 0.91}, level); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := falling([]float64{1.02}, level) + falling([]float64{1, 0.5}, good); got != "" {
		t.Errorf("one epoch, or a model that learned: %q", got)
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		score datasets.Score
		want  string
	}{
		{datasets.Score{RMSE: 65.9, PersistenceRMSE: 62.99, Skill: -0.046}, "The model is worse than the naive forecast: its RMSE is 4.6 % higher."},
		{datasets.Score{RMSE: 16.5, PersistenceRMSE: 18.1, Skill: 0.088}, "The model beats the naive forecast: its RMSE is 8.8 % lower."},
		{datasets.Score{Skill: 0.0094}, "The model does no better than the naive forecast: their RMSEs differ by 0.9 %."},
		{datasets.Score{Skill: -0.0094}, "The model does no better than the naive forecast: their RMSEs differ by 0.9 %."},
		{datasets.Score{RMSE: 0.5}, "The naive forecast is exact here and the model is not: its RMSE is 0.5."},
		{datasets.Score{RMSE: 47.5, PersistenceRMSE: 48.7, Season: 12, SeasonalRMSE: 41.9, Skill: 0.025},
			"The model beats the naive forecast: its RMSE is 2.5 % lower. The seasonal naive forecast, the value of 12 rows before, is better still, with an RMSE of 41.9."},
		// The verdict on several targets is that on their common score.
		{datasets.Score{RMSE: 2, PersistenceRMSE: 2.5, Skill: 0.2, Targets: []datasets.Score{{RMSE: 3, PersistenceRMSE: 2, Skill: -0.5}, {RMSE: 1, PersistenceRMSE: 3, Skill: 0.67}}},
			"The model beats the naive forecast: its RMSE is 20.0 % lower."},
	} {
		if got := verdict(c.score); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
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
	used := map[string]bool{}
	for name, transform := range transforms {
		text := seen(transform)
		if used[text] || !strings.HasPrefix(lossOf(transform), text) {
			t.Errorf("%s: %q is used twice, or not for the loss", name, text)
		}
		used[text] = true
	}
	if len(transforms) != len(transformNames) {
		t.Error("the names and the transforms differ")
	}
	for _, name := range transformNames {
		if transforms[name] == nil {
			t.Errorf("no transform has the name %s", name)
		}
	}
}
