package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/exec"
)

// Config says what a graph is built for.
type Config struct {
	Params   *Params // the parameters that Scope.Param finds or declares
	Training bool    // whether dropout and the like are active
	Seed     uint64  // of all random draws

	// Workspace is memory that the program shares with others; nil means memory
	// of its own.
	Workspace *Workspace

	// States are what the graph carries from run to run; nil where runs are
	// independent.
	States *States
	// Stepping is for a graph that sees one step of its sequences at a time, and
	// carries the states of the steps before. It must have States, and is not for
	// training.
	Stepping bool
	// Memory is how many steps at most follow one another when Stepping, for
	// layers that keep something of each; 0 where that is not known.
	Memory int
}

func (c Config) check() error {
	if c.Params == nil {
		return Error{Field: "Config.Params", Rule: "must not be nil"}
	}
	switch {
	case c.States != nil && c.States.dtype != c.Params.Dtype():
		return Error{Field: "Config.States", Rule: fmt.Sprintf("must be of the parameters' dtype %v", c.Params.Dtype()), Value: c.States.dtype}
	case c.Stepping && c.States == nil:
		return Error{Field: "Config.Stepping", Rule: "must have States"}
	case c.Stepping && c.Training:
		return Error{Field: "Config.Stepping", Rule: "must not be set together with Training"}
	case c.Memory < 0 || c.Memory > MaxMemory:
		return Error{Field: "Config.Memory", Rule: fmt.Sprintf("must be from 0 to %d", MaxMemory), Value: c.Memory}
	}
	return nil
}

// MaxMemory bounds Config.Memory: float32 does not hold every larger whole
// number, and so could not count the steps.
const MaxMemory = 1 << 24

// Workspace is memory that several programs work in, one at a time, see
// Config.Workspace. The zero value is an empty one.
//
// All programs of a workspace lay their results and working memory over the same
// block, which is as large as the largest of them needs. So programs for batches
// of many lengths take little more than one. The rules are:
//
//   - Only one of them runs at a time; Run refuses a second.
//   - What Program.Output returns, and what Program.Advance takes over, holds
//     until the next run of any of them, or until another is made with the
//     workspace. The tensor itself stays the same.
//   - All have one dtype.
//
// Results are the same bits as with memory of their own. Constants, weights that
// kernels keep in another order, parameters and states are not shared.
type Workspace exec.Workspace

// MemorySize is the number of bytes of the block.
func (w *Workspace) MemorySize() int64 { return (*exec.Workspace)(w).MemorySize() }
