package kernels

import "slices"

// What makes one vector of two, in plain Go.

func plusGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] + y[i]
	}
}

func minusGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] - y[i]
	}
}

func timesGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] * y[i]
	}
}

func overGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] / y[i]
	}
}

func addTimesGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] += x[i] * y[i]
	}
}

func sigmoidGradGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] * (1 - x[i]) * y[i]
	}
}

func tanhGradGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = (1 - T(x[i]*x[i])) * y[i] // each rounded for itself on every processor
	}
}
