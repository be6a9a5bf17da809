//go:build long

package search_test

import "testing"

// This takes half a minute: go test -tags long -run Long ./train/search
func TestLongKilled(t *testing.T) { testKilled(t, 25) }
