package text

import (
	"bufio"
	"fmt"
	"io"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
)

// temporary is how the names of files begin that are not complete.
const temporary = ".text-"

func registry() (*codec.Registry, error) { return codec.NewRegistry(VectorizerConfig{}) }

// Write writes the config and the vocabulary as JSON, at most 16 MiB.
func (v *Vectorizer) Write(w io.Writer) error {
	if err := v.check(); err != nil {
		return err
	}
	r, err := registry()
	if err != nil {
		return err
	}
	data, err := r.Encode(v.config)
	if err != nil {
		return err
	}
	return writeAll(w, append(data, '\n'))
}

// ReadVectorizer reads what Write wrote. A field that is absent has its default; an
// unknown one comes from a newer version and is an error.
func ReadVectorizer(r io.Reader) (*Vectorizer, error) {
	if r == nil {
		return nil, errs.Error{Field: "reader", Rule: "must not be nil"}
	}
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	types, err := registry()
	if err != nil {
		return nil, err
	}
	var c VectorizerConfig
	if err := types.Decode(data, &c); err != nil {
		return nil, err
	}
	return NewVectorizer(c)
}

// Save writes the file that LoadVectorizer reads; see Write. A file already there is
// replaced whole or not at all.
func (v *Vectorizer) Save(path string) error {
	return errs.At(regular.Replace(path, temporary, v.Write), path, "")
}

// LoadVectorizer reads the file that Save wrote.
func LoadVectorizer(path string) (*Vectorizer, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v, err := ReadVectorizer(f)
	return v, errors.Wrap(err, path)
}

// ReadVocabulary reads the tokens of a list with one a line, as Keras' vocabulary.txt and
// other lists of words are, for the Vocabulary of a VectorizerConfig. The first line may
// be empty, which is MaskToken; empty lines at the end do not count. A token is at most
// 1 MiB long.
func ReadVocabulary(r io.Reader) ([]string, error) {
	if r == nil {
		return nil, errs.Error{Field: "reader", Rule: "must not be nil"}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxToken)
	var tokens []string
	for lines.Scan() {
		tokens = append(tokens, lines.Text())
	}
	if err := scanned(lines); err != nil {
		return nil, err
	}
	for len(tokens) > 0 && tokens[len(tokens)-1] == "" {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens, nil
}

// Save writes the two files that LoadBPE reads; see Write. A file already there is
// replaced whole or not at all.
func (b *BPE) Save(vocabulary, merges string) error {
	if err := regular.Replace(vocabulary, temporary, b.writeTokens); err != nil {
		return errs.At(err, vocabulary, "")
	}
	return errs.At(regular.Replace(merges, temporary, b.writePairs), merges, "")
}

// LoadBPE reads a BPE from files; see ReadBPE.
func LoadBPE(vocabulary, merges string) (*BPE, error) {
	v, err := regular.Open(vocabulary)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	m, err := regular.Open(merges)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return readBPE(vocabulary, v, merges, m)
}

// readAll reads a file of at most maxFile bytes.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, errors.Wrap(err, "reading")
	}
	if len(data) > maxFile {
		return nil, errs.Error{Field: "file", Rule: fmt.Sprintf("must be at most %d bytes long", maxFile)}
	}
	return data, nil
}

func writeAll(w io.Writer, data []byte) error {
	if _, err := w.Write(data); err != nil {
		return regular.Unwritable(err, err)
	}
	return nil
}

// maxFile limits a file. GPT-2's take 1 MB and 0.5 MB.
const maxFile = 64 << 20
