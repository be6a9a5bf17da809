package callbacks

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

var _ train.StatefulCallback = (*JSONLogger)(nil)

// JSONLogger writes a line with the logs of every epoch to a file of JSON lines:
//
//	{"epoch":0,"loss":0.25,"val_loss":0.5}
//
// The epoch is from 0, and the others are in the order of the logs. Numbers are written so
// that reading gives the same bits; NaN and infinite ones, which JSON does not have, are
// null. As with CSVLogger, a line is in the file when the epoch has ended, and a training
// that is resumed cuts off the lines after its checkpoint; of one that was killed before its
// first checkpoint, Append keeps the lines.
type JSONLogger struct {
	Filename string // required
	Append   bool   // continues a file that exists; by default it is replaced when the first epoch ends

	file logFile
}

// On writes a line after every epoch. A file that cannot be written to is an error when
// Fit begins.
func (c *JSONLogger) On(e *train.Event) (err error) {
	switch e.Moment {
	case train.TrainBegin:
		c.file, err = openLog("JSONLogger.Filename", c.Filename, c.Append)
		return err
	case train.EpochEnd:
		line, err := jsonLine(e)
		if err != nil {
			return err
		}
		return c.file.write(line)
	}
	return nil
}

// jsonLine is the line of an epoch.
func jsonLine(e *train.Event) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"epoch":` + strconv.Itoa(e.Epoch))
	for _, l := range e.Logs {
		var value any = l.Value
		if math.IsNaN(l.Value) || math.IsInf(l.Value, 0) {
			value = nil
		}
		name, err := json.Marshal(l.Name)
		if err != nil {
			return nil, errors.WithStack(err)
		}
		number, err := json.Marshal(value)
		if err != nil {
			return nil, errors.WithStack(err)
		}
		b.WriteString("," + string(name) + ":" + string(number))
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}

// State has the number "position", in bytes of the file.
func (c *JSONLogger) State() train.CallbackState { return c.file.state() }

// Restore goes to the position of a state, and cuts off what the file has behind it.
func (c *JSONLogger) Restore(s train.CallbackState) error {
	file, err := c.file.restored(s)
	if err != nil {
		return err
	}
	if err := file.Cut(); err != nil {
		return err
	}
	c.file = file
	return nil
}
