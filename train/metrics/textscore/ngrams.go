package textscore

import "encoding/binary"

// width is the number of bytes of an encoded word.
const width = 4

// encoder gives each different word a number. Sequences of words become strings of these
// numbers, so that n-grams are parts of them, and can be counted in a map.
type encoder map[string]uint32

func (e encoder) encode(words []string) string {
	var out []byte
	for _, w := range words {
		n, ok := e[w]
		if !ok {
			n = uint32(len(e))
			e[w] = n
		}
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return string(out)
}

// ngrams counts the sequences of n words.
func ngrams(encoded string, n int) map[string]int {
	counts := map[string]int{}
	for i := 0; i+n*width <= len(encoded); i += width {
		counts[encoded[i:i+n*width]]++
	}
	return counts
}
