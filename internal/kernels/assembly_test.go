package kernels

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Assembly for AVX2 needs nothing of AVX-512: no instruction, and none of the registers
// from 16 on, which the generator gives a function that uses too many.
func TestAssemblyForAVX2(t *testing.T) {
	files, err := filepath.Glob("*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	beyond := regexp.MustCompile(`Requires: .*AVX512.*|\t[^\n]*\b([XY](1[6-9]|[23]\d)|Z\d+|K\d)\b[^\n]*`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, f := range strings.Split(string(text), "\n// func ")[1:] {
			function, _, _ := strings.Cut(f, "(")
			if strings.HasSuffix(function, "AVX512") {
				continue
			}
			found++
			if at := beyond.FindString(f); at != "" {
				t.Errorf("%s: %s, which is for AVX2, has %q", name, function, at)
			}
		}
		if found == 0 {
			t.Errorf("%s: no function for AVX2", name)
		}
	}
}
