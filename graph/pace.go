package graph

// Pace is how a value goes along while a model is run one step at a time, see
// Config.Stepping. Every operation gives Unpaced: who calls layers says it anew
// for what they return.
type Pace int

const (
	Unpaced Pace = iota // not known
	Still               // the same at every step
	Latest              // without an axis of time: what a run over all steps so far would give
	Stepped             // a sequence [batch, steps, ...], of which one step is there
)

// String is the name of the pace.
func (p Pace) String() string {
	switch p {
	case Still:
		return "still"
	case Latest:
		return "latest"
	case Stepped:
		return "stepped"
	}
	return "unpaced"
}

// Pace is how the value goes along.
func (v Value) Pace() Pace { return v.pace }

// WithPace returns the value with the given pace.
func (v Value) WithPace(p Pace) Value {
	v.pace = p
	return v
}
