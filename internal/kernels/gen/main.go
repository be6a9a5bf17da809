// Command gen writes the assembly of one family of kernels of package kernels and its Go
// declarations, for AVX2 with FMA and for AVX-512. Run it through go generate in that
// package; doing so changes nothing unless this program was changed.
//
// Lengths are in elements and positive, strides in bytes; the callers in Go
// check all bounds. Vector kernels read and write whole vectors, so their
// lengths are multiples of 8, where nothing else is said.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

// families are the kernels of one assembly file each.
var families = map[string]func(){
	"attention":  attentionKernels,
	"activation": activationKernels,
	"cells":      cellKernels,
	"conv":       convKernels,
	"gemm":       gemmKernels,
	"norm":       normKernels,
	"optimizer":  optimizerKernels,
	"pair":       pairKernels,
	"products":   productKernels,
	"random":     randomKernels,
	"vector":     vectorKernels,
	"vocabulary": vocabularyKernels,
}

func main() {
	family := flag.String("family", "", "the kernels to write")
	flag.Parse() // also the flags that avo defines
	write, ok := families[*family]
	if !ok {
		log.Fatalf("no family %q", *family)
	}
	ConstraintExpr("amd64,!noasm")
	write()
	Generate()
}

// text begins a function. None keeps a pointer, so what callers have on their
// stacks may stay there.
func text(name, signature string) {
	TEXT(name, NOSPLIT|NOFRAME, signature)
	Pragma("noescape")
}
