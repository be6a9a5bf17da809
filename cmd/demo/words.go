package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/engram-go/engram/datasets"
)

// seen describes the inputs of a model.
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

// lossOf describes the unit of the loss and a value to compare it with.
func lossOf(t datasets.Transform) string {
	switch t.(type) {
	case datasets.LogReturn, datasets.Difference, datasets.Standard:
		return seen(t) + ": a model that always forecasts their mean has a loss of about 1"
	}
	return seen(t)
}

// value formats a value of a series with the digits of a price.
func value(v float64) string {
	if size := math.Abs(v); size >= 1e5 && size < 1e12 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// enough is the number of training and of test windows below which errors are
// mostly chance.
const enough = 50

// caution warns of a result from too few windows; it is empty otherwise.
func caution(trained, tested int) string {
	if trained >= enough && tested >= enough {
		return ""
	}
	return fmt.Sprintf(" With only %s to train on and %s to test, the result is mostly chance: use some hundred more rows.", count(trained, "window"), count(tested, "window"))
}

// verdict says whether a model is better than the naive forecasts.
func verdict(s datasets.Score) string {
	change := fmt.Sprintf("%.1f %%", 100*math.Abs(s.Skill))
	var text string
	switch {
	case s.Unbeatable():
		return fmt.Sprintf("The naive forecast is exact here and the model is not: its RMSE is %.4g.", s.RMSE)
	case s.Learned():
		text = "The model beats the naive forecast: its RMSE is " + change + " lower."
	case s.Skill > -0.01:
		text = "The model does no better than the naive forecast: their RMSEs differ by " + change + "."
	default:
		text = "The model is worse than the naive forecast: its RMSE is " + change + " higher."
	}
	if s.Season > 0 && s.SeasonalRMSE < s.RMSE {
		text += fmt.Sprintf(" The seasonal naive forecast, the value of %d rows before, is better still, with an RMSE of %.4g.", s.Season, s.SeasonalRMSE)
	}
	return text
}

// falling warns of a training loss that fell although the model learned nothing; it is
// empty otherwise.
func falling(losses []float64, s datasets.Score) string {
	from, to := losses[0], losses[len(losses)-1]
	if to >= from || s.Learned() {
		return ""
	}
	return fmt.Sprintf(" It fell from %s to %s, although the model does not beat the naive forecast: a falling training loss alone proves nothing.", number(from), number(to))
}

// conclusion interprets the scores of the stock model and of the same model on
// the sunspots, which show whether the model can learn at all.
func conclusion(name string, trained int, stock, spots datasets.Score) string {
	few := caution(trained, stock.Windows)
	switch {
	case few != "":
		return fmt.Sprintf("**%s has too few rows for a conclusion.**", name) + few
	case stock.Unbeatable():
		return fmt.Sprintf("**In its last fifth %[1]s is constant.** The naive forecast is exact there, and no model can do better: "+
			"this does not show whether %[1]s can be forecast.", name)
	case spots.Learned() && !stock.Learned():
		return fmt.Sprintf("**The same model, trained in the same way, beats the naive forecast on the sunspots and not on %[1]s.** "+
			"So the difference lies in the series. Earlier sunspot numbers carry information about the next one, beyond the last value. "+
			"To this model, %[1]s looks like a **random walk**, whose next step does not depend on the steps before it; for such a series no forecast beats the naive one.", name)
	case spots.Learned() && stock.Learned():
		return fmt.Sprintf("**The model beats the naive forecast on both series.** The sunspots are known to be predictable. "+
			"Treat the result for %s with caution: its RMSE is %.1f %% below that of the naive forecast, on one test part of %s and for one seed. "+
			"Try other seeds (`--seed`) to see whether it persists.", name, 100*stock.Skill, count(stock.Windows, "row"))
	case stock.Learned():
		return fmt.Sprintf("**The model beats the naive forecast on %[1]s, and not on the sunspots.** That is unexpected, since the sunspots are known to be predictable: "+
			"perhaps it was trained too little (`--epochs`) or is too small (`--units`). "+
			"Try other seeds (`--seed`) before trusting the result for %[1]s.", name)
	}
	return fmt.Sprintf("**The model beats the naive forecast on neither series.** "+
		"The sunspots are known to be predictable: it was trained too little (`--epochs`), is too small (`--units`) or sees too few rows (`--steps`). "+
		"Until it learns from the sunspots, its result says nothing about %s.", name)
}

// outlook describes the forecast after the last row and how far to trust it.
func outlook(row string, last, next float64, s datasets.Score) string {
	step := next - last
	way := "up"
	if step < 0 {
		way = "down"
	}
	text := fmt.Sprintf("The series ends at %s. For the next %s the model forecasts **%s**, %s %s. ",
		value(last), row, value(next), number(math.Abs(step)), way)
	if math.Abs(step) < s.MAE {
		text += fmt.Sprintf("In the last fifth it was off by %s on average, more than the change it forecasts: not even the direction is reliable. ", number(s.MAE))
	} else {
		text += fmt.Sprintf("In the last fifth it was off by %s on average. ", number(s.MAE))
	}
	switch {
	case s.Learned():
		text += fmt.Sprintf("It beat the naive forecast there by %.1f %%, which does not guarantee anything for the future.", 100*s.Skill)
	case s.Skill < 0 || s.Unbeatable():
		text += "The naive forecast did better there and should be preferred."
	default:
		text += "The naive forecast did about as well there and needs no model."
	}
	return text + " This is a demonstration, not investment advice."
}
