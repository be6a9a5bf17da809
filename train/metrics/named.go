package metrics

// Named is a metric under another name in logs, histories and callbacks, such as the
// recall of one class beside that of another, which have one name otherwise.
func Named(name string, m Metric) Metric {
	if m == nil {
		return nil // which Compile refuses
	}
	return named{m, name}
}

type named struct {
	Metric
	name string
}

func (n named) Name() string { return n.name }
