package metrics

// Named is a metric under another name in logs, histories and callbacks, such as the
// recall of one class beside that of another, which have one name otherwise.
func Named(name string, m Metric) Metric {
	if m == nil {
		return nil // which Compile refuses
	}
	return named{m, name}
}

// named has exported fields, so that a training can tell whether it is resumed with the
// metrics that it had.
type named struct {
	Metric
	As string
}

func (n named) Name() string { return n.As }
