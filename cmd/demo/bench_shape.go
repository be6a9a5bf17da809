package main

import (
	"fmt"
	"strconv"
	"strings"
)

// benchShape is what a layer is timed on.
type benchShape struct{ steps, batch, features, units int }

// benchDefaults are the shapes that docs/bench has a table of.
var benchDefaults = []benchShape{{30, 32, 1, 50}, {50, 32, 8, 64}, {100, 64, 16, 128}, {100, 64, 64, 256}, {20, 20, 200, 200}}

// What a training may hold keeps a shape to some minutes, and to some
// gigabytes: numbers of a batch, and weights, which take long to initialise.
const (
	benchNumbers = 1 << 25
	benchWeights = 1 << 23
)

func parseShape(s string) (benchShape, bool) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return benchShape{}, false
	}
	var n [4]int
	for i, p := range parts {
		v, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil || v < 1 || v > 4096 {
			return benchShape{}, false
		}
		n[i] = v
	}
	return benchShape{n[0], n[1], n[2], n[3]}, true
}

// check refuses what would take longer, or more memory. Attention also holds a number for every
// two steps.
func (s benchShape) check(attention bool) error {
	perStep, rule := s.features+4*s.units, "D + 4H"
	if attention {
		perStep, rule = perStep+benchHeads*s.steps, "D + 4H + 4T"
	}
	if s.steps*s.batch*perStep > benchNumbers {
		return wrongFlag("shape", fmt.Sprintf("must keep T·B·(%s) to %d", rule, benchNumbers), s.String())
	}
	if 4*s.units*(s.features+s.units) > benchWeights {
		return wrongFlag("shape", fmt.Sprintf("must keep its weights, 4H·(D + H), to %d", benchWeights), s.String())
	}
	return nil
}

func (s benchShape) String() string {
	return fmt.Sprintf("%d,%d,%d,%d", s.steps, s.batch, s.features, s.units)
}
