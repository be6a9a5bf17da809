// Package strictjson walks JSON from files that are not trusted. It is stricter than
// encoding/json, which takes the last of two equal keys and silently repairs broken
// text. It builds no tree: the caller gets each value as a part of the input, so that
// it takes no memory beyond what the caller keeps. What the values mean is up to the
// caller.
package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/engram-go/engram/internal/errs"
)

// Check refuses data that is not exactly one JSON value in UTF-8, with arrays and
// objects at most depth levels deep. The other functions take only data that passed
// it, or a part of such data.
func Check(data []byte, depth int) error {
	if !json.Valid(data) {
		return errs.Error{Rule: "must be one complete value", Value: whyInvalid(data)}
	}
	if !utf8.Valid(data) {
		return errs.Error{Rule: "must be UTF-8"}
	}
	open := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			n := stringLen(data[i:])
			if !paired(data[i : i+n]) {
				return errs.Error{Rule: "must have no half of a surrogate pair", Value: Clip(data[i : i+n])}
			}
			i += n - 1
		case '{', '[':
			if open++; open > depth {
				return errs.Error{Rule: fmt.Sprintf("must be at most %d levels deep", depth)}
			}
		case '}', ']':
			open--
		}
	}
	return nil
}

// whyInvalid says what is wrong with text that is no JSON, and where.
func whyInvalid(data []byte) any {
	var v json.RawMessage
	err := json.Unmarshal(data, &v)
	at, ok := err.(*json.SyntaxError)
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "nothing"
	case !ok:
		return err
	}
	return fmt.Sprintf("%s after %d bytes", at, at.Offset)
}

// Object calls visit with each key and value, in order, and stops at the first
// error. It refuses anything but an object, and a key that appears twice.
func Object(data []byte, visit func(key string, value []byte) error) error {
	rest, err := inside(data, '{', "must be an object")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for len(rest) > 0 {
		n := stringLen(rest)
		key, err := String(rest[:n])
		if err != nil {
			return err
		}
		if seen[key] {
			return errs.Error{Rule: "must not have a key twice", Value: Clip(rest[:n])}
		}
		seen[key] = true
		rest = bytes.TrimLeft(rest[n:], space+":")
		n = valueLen(rest)
		if err := visit(key, rest[:n]); err != nil {
			return err
		}
		rest = bytes.TrimLeft(rest[n:], space+",")
	}
	return nil
}

// Array calls visit with each element, in order, and stops at the first error.
// It refuses anything but an array.
func Array(data []byte, visit func(i int, value []byte) error) error {
	rest, err := inside(data, '[', "must be an array")
	if err != nil {
		return err
	}
	for i := 0; len(rest) > 0; i++ {
		n := valueLen(rest)
		if err := visit(i, rest[:n]); err != nil {
			return err
		}
		rest = bytes.TrimLeft(rest[n:], space+",")
	}
	return nil
}

// String returns the text of a JSON string and refuses anything else.
func String(data []byte) (string, error) {
	data = bytes.Trim(data, space)
	if len(data) == 0 || data[0] != '"' {
		return "", errs.Error{Rule: "must be a string", Value: Clip(data)}
	}
	if body := data[1 : len(data)-1]; bytes.IndexByte(body, '\\') < 0 {
		return string(body), nil
	}
	var s string
	err := json.Unmarshal(data, &s)
	return s, err
}

// AppendString appends s as a JSON string. Text that is not UTF-8 is refused,
// as JSON cannot hold it.
func AppendString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, errs.Error{Rule: "must be UTF-8", Value: Clip(fmt.Appendf(nil, "%q", s))}
	}
	b := bytes.NewBuffer(dst)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return dst, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Clip shortens a piece of input to what an error message can show.
func Clip(data []byte) string {
	const most = 60
	if len(data) <= most {
		return string(data)
	}
	return string(bytes.ToValidUTF8(data[:most], nil)) + "…"
}

// Label is a name from a file as an error shows it: quoted where it has characters
// that do not print or could be misread, and cut where it is long.
func Label(name string) string {
	s := strconv.QuoteToGraphic(Clip([]byte(name)))
	if plain := s[1 : len(s)-1]; plain == name && name != "" {
		return plain
	}
	return s
}

const space = " \t\r\n"

// inside returns what is between the brackets of an object or an array.
func inside(data []byte, open byte, rule string) ([]byte, error) {
	data = bytes.Trim(data, space)
	if len(data) == 0 || data[0] != open {
		return nil, errs.Error{Rule: rule, Value: Clip(data)}
	}
	return bytes.Trim(data[1:len(data)-1], space), nil
}

// valueLen is the length of the value at the start of data.
func valueLen(data []byte) int {
	open := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i += stringLen(data[i:]) - 1
		case '{', '[':
			open++
			continue
		case '}', ']':
			open--
		default: // a number or a word ends where something else begins
			if open > 0 || i+1 < len(data) && !bytes.ContainsRune([]byte(space+",]}"), rune(data[i+1])) {
				continue
			}
		}
		if open == 0 {
			return i + 1
		}
	}
	return len(data)
}

// stringLen is the length of the string at the start of data, quotes included.
func stringLen(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// paired tells whether every escaped surrogate in a string has its other half.
func paired(s []byte) bool {
	const hex = 6 // the length of \uXXXX
	unit := func(i int) byte {
		if i+hex > len(s) || s[i] != '\\' || s[i+1] != 'u' || s[i+2] != 'd' && s[i+2] != 'D' {
			return 0
		}
		switch s[i+3] {
		case '8', '9', 'a', 'b', 'A', 'B':
			return 'h'
		case 'c', 'd', 'e', 'f', 'C', 'D', 'E', 'F':
			return 'l'
		}
		return 0
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		switch unit(i) {
		case 'h':
			if unit(i+hex) != 'l' {
				return false
			}
			i += 2*hex - 1
		case 'l':
			return false
		default:
			i++ // the escaped character
		}
	}
	return true
}
