// Package graphtest helps to test what is built on package graph: gradients
// against finite differences, and numbers against golden files that an
// independent implementation made.
package graphtest
