package models

import (
	"fmt"

	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// JSON is the model without its weights, as the text in a file that Save writes.
// Defaults are filled in, and fields that are zero left out. FromJSON makes a model of
// it that is equal in everything else: layers, names, seed, dtype and what is frozen.
// JSON refuses what CheckSave refuses.
func (m *Model) JSON() ([]byte, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	text, err := m.describe()
	if err != nil {
		return nil, err
	}
	out := fmt.Appendf(nil, `{"%s":"%s","%s":%s`, formatKey, text[formatKey], configKey, text[configKey])
	if frozen, ok := text[frozenKey]; ok {
		out = fmt.Appendf(out, `,"%s":%s`, frozenKey, frozen)
	}
	return append(out, '}'), nil
}

// FromJSON makes a model of what Model.JSON wrote, in this version of Engram or an
// earlier one. Its weights are initialized from its seed, and take the memory that
// the layers ask for. Text of a newer format, an unknown layer or field, and layers
// that do not fit together are errors.
func FromJSON(data []byte, cfg LoadConfig) (*Model, error) {
	return fromJSON(data, cfg, currentFormat())
}

func fromJSON(data []byte, cfg LoadConfig, known format) (*Model, error) {
	text, err := parts(data)
	if err != nil {
		return nil, err
	}
	m, r, err := described(text, cfg, known)
	if err != nil {
		return nil, err
	}
	if err := m.Build(); err != nil {
		return nil, err
	}
	if err := m.refreeze(r, text[frozenKey]); err != nil {
		return nil, err
	}
	return m, nil
}

// parts are what JSON joined, by the keys of a file.
func parts(data []byte) (map[string]string, error) {
	if err := strictjson.Check(data, codec.MaxDepth+1); err != nil {
		return nil, errs.At(err, "JSON", "")
	}
	text := map[string]string{}
	err := strictjson.Object(data, func(key string, value []byte) (err error) {
		switch key {
		case formatKey:
			text[key], err = strictjson.String(value)
			err = errs.At(err, "", key)
		case configKey, frozenKey:
			text[key] = string(value)
		default:
			err = unknownKey(key)
		}
		return err
	})
	return text, errs.At(err, "JSON", "")
}
