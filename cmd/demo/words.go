package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/engram-go/engram/datasets"
)

// seen says what a model sees of a series.
func seen(t datasets.Transform) string {
	switch t.(type) {
	case datasets.LogReturn:
		return "standardised log returns"
	case datasets.Difference:
		return "standardised differences"
	case datasets.Standard:
		return "standardised values"
	case datasets.MinMax:
		return "values scaled to [0, 1]"
	}
	return "values as they are"
}

// lossOf says what the loss is measured in, and with what to compare it.
func lossOf(t datasets.Transform) string {
	switch t.(type) {
	case datasets.LogReturn, datasets.Difference, datasets.Standard:
		return seen(t) + ": a model that always forecasts their mean has a loss of about 1"
	}
	return seen(t)
}

// value writes a value of a series with the digits that a price has.
func value(v float64) string {
	if size := math.Abs(v); size >= 1e5 && size < 1e12 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// enough is how many windows a model must have been trained and tested on before
// its errors are more than chance.
const enough = 50

// caution says that a result rests on too few windows, or nothing.
func caution(trained, tested int) string {
	if trained >= enough && tested >= enough {
		return ""
	}
	return fmt.Sprintf(" With only %s to train on and %s to test, chance decides: this takes some hundred rows more.", count(trained, "window"), count(tested, "window"))
}

// judgement is the verdict on a model that was trained on so many windows, and
// whose training loss is known, too.
func judgement(losses []float64, trained int, s datasets.Score) string {
	text := s.Verdict()
	if from, to := losses[0], losses[len(losses)-1]; to < from && !s.Learned() {
		text += fmt.Sprintf(" Its training loss fell all the same, from %s to %s: a falling loss alone proves nothing.", number(from), number(to))
	}
	return text + caution(trained, s.Windows)
}

// conclusion says what two scores of one model mean together: the sunspots are
// the check whether it can learn. It was trained on so many windows of the stock.
func conclusion(name string, trained int, stock, spots datasets.Score) string {
	few := caution(trained, stock.Windows)
	switch {
	case few != "":
		return fmt.Sprintf("**There is too little of %s to conclude anything.**", name) + few
	case stock.Unbeatable():
		return fmt.Sprintf("**In its last fifth %[1]s never changes.** Repeating the last value is perfect there, and no model can do better: "+
			"this says nothing about whether %[1]s can be forecast.", name)
	case spots.Learned() && !stock.Learned():
		return fmt.Sprintf("**The same model, trained in the same way, has learned from the sunspots and not from %[1]s.** "+
			"So the difference lies in the series. The sunspots have a memory: months that came before tell something about the next one, beyond the last value. "+
			"To this model, %[1]s looks like a **random walk**, whose next step does not follow from the steps before it; for such a series no forecast is better than the last value.", name)
	case spots.Learned() && stock.Learned():
		return fmt.Sprintf("**The model has learned something from both series.** The sunspots are known to have a memory. "+
			"Of %s, be slow to believe it: its RMSE is %.1f %% below that of persistence, on one stretch of %s and from one seed. "+
			"Try other seeds (`--seed`) and see whether it stays.", name, 100*stock.Skill, count(stock.Windows, "row"))
	case stock.Learned():
		return fmt.Sprintf("**The model has learned something from %[1]s, and nothing from the sunspots.** That is odd, since the sunspots have a memory: "+
			"perhaps it was trained too little (`--epochs`) or is too small (`--units`). "+
			"Try other seeds (`--seed`) before believing what it says about %[1]s.", name)
	}
	return fmt.Sprintf("**The model has learned nothing that repeating the last value has not, from neither series.** "+
		"The sunspots have a memory, so it could have: it was trained too little (`--epochs`), is too small (`--units`) or sees too few rows (`--steps`). "+
		"Until it learns from the sunspots, its result says nothing about %s.", name)
}

// outlook tells the forecast after the last row, with the caution it deserves.
func outlook(row string, last, next float64, s datasets.Score) string {
	step := next - last
	way := "up"
	if step < 0 {
		way = "down"
	}
	text := fmt.Sprintf("The series ends at %s. For the next %s the model forecasts **%s**, %s %s. ",
		value(last), row, value(next), number(math.Abs(step)), way)
	if math.Abs(step) < s.MAE {
		text += fmt.Sprintf("In the last fifth it was off by %s on average, more than the step it forecasts: not even the direction can be relied on. ", number(s.MAE))
	} else {
		text += fmt.Sprintf("In the last fifth it was off by %s on average. ", number(s.MAE))
	}
	switch {
	case s.Learned():
		text += fmt.Sprintf("It did better than repeating the last value there, by %.1f %%, which promises nothing for what comes.", 100*s.Skill)
	case s.Skill < 0 || s.Unbeatable():
		text += "Repeating the last value did better there, and should be preferred."
	default:
		text += "Repeating the last value did about as well there, and needs no model."
	}
	return text + " This is a demonstration, and no advice to buy or sell anything."
}
