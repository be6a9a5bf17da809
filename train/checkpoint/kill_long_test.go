//go:build long

package checkpoint_test

import "testing"

// This takes a quarter of a minute: go test -tags long -run Long ./train/checkpoint
func TestLongKilled(t *testing.T) { testKilled(t, 50) }
