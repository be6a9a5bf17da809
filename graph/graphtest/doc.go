// Package graphtest helps to test layers and formulas: it compares gradients with finite
// differences, and results with golden files of an independent implementation.
package graphtest
