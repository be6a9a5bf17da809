package train

import "slices"

// validationPrefix begins the names of figures of the validation data.
const validationPrefix = "val_"

// Logs are the figures of an epoch or a batch: the loss first, then the
// metrics, then those of the validation data, whose names begin with "val_".
type Logs []Log

// Log is one figure.
type Log struct {
	Name  string
	Value float64
}

// Get finds a figure by its name.
func (l Logs) Get(name string) (value float64, ok bool) {
	i := slices.IndexFunc(l, func(e Log) bool { return e.Name == name })
	if i < 0 {
		return 0, false
	}
	return l[i].Value, true
}

// History is what Fit did: the figures of every epoch that was finished.
type History struct {
	Epochs []int                // numbers of the epochs, from 0
	Values map[string][]float64 // by name of the figure, one value an epoch
}

func (h *History) add(epoch int, logs Logs) {
	if h.Values == nil {
		h.Values = map[string][]float64{}
	}
	h.Epochs = append(h.Epochs, epoch)
	for _, l := range logs {
		h.Values[l.Name] = append(h.Values[l.Name], l.Value)
	}
}
