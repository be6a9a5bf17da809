package text_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/datasets/text"
)

// The example of Keras' TextVectorization.
func ExampleAdapt() {
	v, err := text.Adapt(text.VectorizerConfig{MaxTokens: 5000, OutputSequenceLength: 4},
		"foo bar", "bar baz", "baz bada boom")
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := v.Vectorize([]string{"foo qux bar", "qux baz"}, tensor.Float32) // [texts, steps]
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n%v", v.Config().Vocabulary, x)
	// Output:
	// ["" "[UNK]" "baz" "bar" "foo" "boom" "bada"]
	// ⎡4  1  3  0⎤
	// ⎣1  2  0  0⎦
}

// A vocabulary of characters, from a stream of any length.
func ExampleAdaptReader() {
	config := text.VectorizerConfig{Split: text.Character, Standardize: text.NoStandardization}
	v, err := text.AdaptReader(context.Background(), config, strings.NewReader("banana\nbandana\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	numbers, err := v.Encode("and\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	back, err := v.Decode(numbers)
	fmt.Printf("%q %v %q %v", v.Config().Vocabulary, numbers, back, err)
	// Output: ["" "[UNK]" "a" "n" "b" "\n" "d"] [2 3 6 5] "and\n" <nil>
}

// A list of words, such as Keras' vocabulary.txt, and the weights of its words.
func ExampleReadVocabulary() {
	words, err := text.ReadVocabulary(strings.NewReader("earth\nwind\nfire\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := text.NewVectorizer(text.VectorizerConfig{
		OutputMode: text.TFIDF, Vocabulary: words, IDFWeights: []float64{0.5, 0.25, 0.75},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := v.Vectorize([]string{"Wind, wind!", "Fire and water"}, tensor.Float64) // [texts, vocabulary]
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(x.Data())
	// Output: [0 0 0.5 0 1 0 0 0.75]
}

func ExampleVectorizer_Save() {
	dir, err := os.MkdirTemp("", "text")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "words.json")
	v, err := text.Adapt(text.VectorizerConfig{}, "to be or not to be")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := v.Save(path); err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := text.LoadVectorizer(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	numbers, err := loaded.Encode("Not to be?")
	fmt.Println(numbers, err)
	// Output: [5 2 3] <nil>
}

// The words of Sennrich, Haddow and Birch (2016). A word that is not in the text consists
// of parts that are.
func ExampleTrainBPE() {
	words := strings.Repeat("low,", 5) + strings.Repeat("lower,", 2) + strings.Repeat("newest,", 6) + strings.Repeat("widest,", 3)
	b, err := text.TrainBPE(context.Background(), strings.NewReader(words), text.BPEConfig{VocabularySize: 260})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range b.Encode("lowest ☂") {
		token, _ := b.Token(n)
		fmt.Printf("%q ", token)
	}
	back, err := b.Decode(b.Encode("lowest ☂"))
	fmt.Println(back, err)
	// Output: "low" "est" " " "\xe2" "\x98" "\x82" lowest ☂ <nil>
}

// The files of GPT-2 are read in the same way, with the names encoder.json and vocab.bpe.
func ExampleLoadBPE() {
	dir, err := os.MkdirTemp("", "text")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	vocabulary, merges := filepath.Join(dir, "vocab.json"), filepath.Join(dir, "merges.txt")
	b, err := text.TrainBPE(context.Background(), strings.NewReader("the cat and the hat and the bat"),
		text.BPEConfig{Special: []string{"<|endoftext|>"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := b.Save(vocabulary, merges); err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := text.LoadBPE(vocabulary, merges)
	if err != nil {
		fmt.Println(err)
		return
	}
	end, _ := loaded.Index("<|endoftext|>")
	file, err := os.ReadFile(merges)
	fmt.Println(loaded.Encode(" the rat"), end == loaded.Len()-1, strings.ReplaceAll(string(file), "\n", "; "), err)
	// Output: [260 220 81 256] true #version: 0.2; a t; h e; t he; a n; Ġ the; Ġ an; Ġan d;  <nil>
}

func ExamplePad() {
	sequences := [][]int{{1}, {2, 3}, {4, 5, 6}}
	pre, err := text.Pad(sequences, text.Padding{})
	if err != nil {
		fmt.Println(err)
		return
	}
	post, err := text.Pad(sequences, text.Padding{Length: 2, Padding: text.Post})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v%v", pre, post)
	// Output:
	// ⎡0  0  1⎤
	// ⎢0  2  3⎥
	// ⎣4  5  6⎦
	// ⎡1  0⎤
	// ⎢2  3⎥
	// ⎣5  6⎦
}

// Sentences with the number of a class each. Fit makes batches of sentences of similar
// lengths, padded to 4 or 8 steps.
func ExampleNewSequences() {
	sentences := [][]int{{2, 3, 4}, {5}, {6, 2, 7, 3, 8}, {4, 2}}
	data, err := text.NewSequences(sentences, text.SequenceConfig{
		Targets:    tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{1, 0, 1, 0})), // [sentences]
		Vocabulary: 9,
		Lengths:    []int{4, 8},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch samples.Batch
	if err := data.Gather([]int{0, 3}, &batch); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v%v", batch.Inputs[0], batch.Targets[0])
	// Output:
	// ⎡0  2  3  4⎤
	// ⎣0  0  4  2⎦
	// [1  0]
}

// The targets of a language model are its inputs one token later.
func ExampleWindows() {
	data, err := text.Windows([]int{5, 6, 7, 8, 9}, text.WindowConfig{Steps: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v%v", data.X()[0], data.Y()[0])
	// Output:
	// ⎡5  6  7⎤
	// ⎣6  7  8⎦
	// ⎡6  7  8⎤
	// ⎣7  8  9⎦
}

// Two streams of the alphabet: each row of a batch goes on where it ended in the batch
// before.
func ExampleStreams() {
	const letters = "abcdefghijklmn"
	var tokens []int
	for _, c := range letters {
		tokens = append(tokens, int(c-'a'))
	}
	const streams = 2
	data, err := text.Streams(tokens, text.StreamConfig{Steps: 3, Streams: streams})
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch samples.Batch
	for i := 0; i < data.Len(); i += streams {
		if err := data.Gather([]int{i, i + 1}, &batch); err != nil {
			fmt.Println(err)
			return
		}
		for _, n := range batch.Inputs[0].Float32s() {
			fmt.Print(letters[int(n) : int(n)+1])
		}
		fmt.Println()
	}
	// Output:
	// abchij
	// defklm
}
