package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/exec"
)

// Config configures a graph.
type Config struct {
	Params   *Params // the parameters that Scope.Param finds or declares
	Training bool    // whether dropout and similar layers are active
	Seed     uint64  // of all random draws

	// Workspace is memory that the program shares with others. If it is nil, the
	// program allocates its own.
	Workspace *Workspace

	// States are carried from run to run. If it is nil, runs are independent.
	States *States
	// Stepping makes each run process one step of the sequences, starting from the
	// states of the previous step. It needs States and excludes Training.
	Stepping bool
	// Memory is the maximum number of consecutive steps with Stepping. Layers that
	// keep all steps need it. 0 means unknown.
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

// MaxMemory is the limit of Config.Memory. Steps are counted in the graph's dtype, and
// float32 does not represent every larger integer.
const MaxMemory = 1 << 24

// Workspace is memory that several programs share (see Config.Workspace). The zero
// value is an empty workspace.
//
// All programs of a workspace use the same block for their results and their working
// memory. The block is as large as the largest program needs, so programs for batches
// of many lengths need little more memory than one. The rules are:
//
//   - Only one program runs at a time. Run returns an error otherwise.
//   - The elements of Program.Output, which Program.Advance reads too, are valid
//     until any program of the workspace runs or a program is added. The tensor
//     remains the same.
//   - All programs have the same dtype.
//
// The results have the same bits as without a workspace. Constants, packed weights,
// parameters and states are not shared.
type Workspace exec.Workspace

// MemorySize is the number of bytes of the block.
func (w *Workspace) MemorySize() int64 { return (*exec.Workspace)(w).MemorySize() }
