package graph

import "github.com/engram-go/engram/internal/exec"

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
