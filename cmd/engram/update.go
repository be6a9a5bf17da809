package main

import (
	"fmt"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/train/forecast"
)

// updateCommand continues the training of a forecaster on new rows.
type updateCommand struct {
	newRows      `embed:""`
	Save         string  `required:"" placeholder:"FILE" help:"Save the new forecaster in this file, which is replaced if it exists."`
	Epochs       int     `placeholder:"N" help:"Passes over the rows, at most (20)."`
	LearningRate float64 `placeholder:"RATE" help:"Learning rate (0.0001)."`
}

func (cmd updateCommand) Run(ctx *invocation) error {
	f, series, read, err := cmd.load(ctx, cmd.Save)
	if err != nil {
		return err
	}
	updated, err := f.Update(ctx, forecast.UpdateConfig{Epochs: cmd.Epochs, LearningRate: cmd.LearningRate, Progress: ctx.stderr}, series...)
	if err != nil {
		return err
	}
	if err := updated.Save(cmd.Save); err != nil {
		return errors.Wrap(err, "--save")
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

// updateText says what an update did.
func updateText(u forecast.Updated) string {
	text := fmt.Sprintf("%s, up to %s: on the newest rows, the networks had a scaled error of %.4g before the training on them and %.4g after it.", count(u.Rows, "new row"), u.Last, u.Before, u.After)
	if u.Accepted {
		return text + " The networks were changed."
	}
	return text + " So the networks stay as they were; forecasts start from the new rows."
}
