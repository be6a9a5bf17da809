// Package kernels contains the inner loops of operations, in families such as matrix
// products, activations, attention and convolutions, and whole recurrent layers. On
// processors with AVX2 and FMA the float32 kernels are in assembly, many of them also for
// AVX-512. The others, those for float64 except AddProducts, and all with the build tag
// noasm are in Go. The program in gen generates the assembly, one file for each family.
//
// No sum depends on how work is distributed: the same input gives the same bits on any
// number of cores.
package kernels

//go:generate go run -C gen . -family attention -out ../attention_amd64.s -stubs ../attention_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family activation -out ../activation_amd64.s -stubs ../activation_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family cells -out ../cells_amd64.s -stubs ../cells_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family conv -out ../conv_amd64.s -stubs ../conv_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family gemm -out ../gemm_amd64.s -stubs ../gemm_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family norm -out ../norm_amd64.s -stubs ../norm_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family optimizer -out ../optimizer_amd64.s -stubs ../optimizer_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family pair -out ../pair_amd64.s -stubs ../pair_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family products -out ../products_amd64.s -stubs ../products_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family random -out ../random_amd64.s -stubs ../random_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family vector -out ../vector_amd64.s -stubs ../vector_stubs_amd64.go -pkg kernels
//go:generate go run -C gen . -family vocabulary -out ../vocabulary_amd64.s -stubs ../vocabulary_stubs_amd64.go -pkg kernels
