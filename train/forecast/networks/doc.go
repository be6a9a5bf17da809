// Package networks has the networks that forecast series: plain configs, each of which
// makes a model for a Task. Package forecast trains them.
package networks
