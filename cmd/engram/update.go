package main

import (
	"fmt"
	"os"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/train/forecast"
)

// updateCommand continues the training of a forecaster on new rows.
type updateCommand struct {
	newRows      `embed:""`
	Save         string   `required:"" placeholder:"FILE" help:"Save the new forecaster in this file, which is replaced if it exists."`
	Epochs       positive `placeholder:"N" help:"Passes over the rows, at most (20)."`
	LearningRate float64  `placeholder:"RATE" help:"Learning rate (0.0001)."`
}

func (cmd updateCommand) Run(ctx *invocation) error {
	before, _ := os.Stat(cmd.Model) // a file that is not there is an error below
	f, series, read, err := cmd.load(ctx, cmd.Save)
	if err != nil {
		return err
	}
	updated, err := f.Update(ctx, forecast.UpdateConfig{Epochs: int(cmd.Epochs), LearningRate: cmd.LearningRate, Progress: ctx.stderr}, series...)
	if err != nil {
		return err
	}
	if err := cmd.save(updated, before); err != nil {
		return err
	}
	if _, err := updated.Forecast(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintf(ctx.stderr, "Requests must have rows, as the file alone cannot forecast: %v\n", err)
	}
	all := updated.Updates()
	u := all[len(all)-1]
	if ctx.json {
		return ctx.writeJSON(struct {
			forecast.Updated
			Read content `json:"read"`
		}{u, read})
	}
	return ctx.print(notebook.Wrap(updateText(u), notebook.Width(ctx.stdout)) + fmt.Sprintf("\nSaved in %s\n", cmd.Save))
}

// save writes the new forecaster, unless the file that it replaces has changed meanwhile. While it
// looks and writes, another file is there, so that of two updates at once only one replaces it.
func (cmd updateCommand) save(f *forecast.Forecaster, before os.FileInfo) error {
	if same(cmd.Save, cmd.Model) {
		lock := cmd.Save + ".lock"
		file, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return errors.Errorf("%s must not be there while an update saves, as it is by another one: run it again, or remove the file if no update is running", lock)
		}
		if err != nil {
			return err
		}
		defer os.Remove(lock)
		file.Close()
		if changed(cmd.Model, before) {
			return errors.Errorf("%s must stay as it is while an update trains, or the other change would be lost: run it again", cmd.Model)
		}
	}
	return errors.Wrap(f.Save(cmd.Save), "--save")
}

// updateText says what an update did.
func updateText(u forecast.Updated) string {
	upTo := ""
	if u.Last != "" {
		upTo = ", up to " + u.Last
	}
	text := fmt.Sprintf("%s%s: on the newest rows, the networks had a scaled error of %.4g before the training on them and %.4g after it.", count(u.Rows, "new row"), upTo, u.Before, u.After)
	if u.Accepted {
		text += " The networks were changed."
	} else {
		text += " So the networks stay as they were; forecasts start from the new rows."
	}
	if u.Missing > 0 {
		text += fmt.Sprintf(" %s missing before the new ones.", isOrAre(u.Missing, "row"))
	}
	if u.Differ > 0 {
		text += fmt.Sprintf(" %s known with other values than in the file, and stay as they were. To use those of the file, train again.", isOrAre(u.Differ, "row"))
	}
	return text
}

// isOrAre is a count as the subject of a sentence.
func isOrAre(n int, of string) string {
	if n == 1 {
		return count(n, of) + " is"
	}
	return count(n, of) + " are"
}
