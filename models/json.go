package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/strictjson"
)

// JSON is the model without its weights, as text: what a file says of it, every
// default written out. FromJSON makes a model of it that is equal in everything
// else: layers, names, seed, dtype and what is frozen. It refuses a layer that is
// neither Engram's own nor in Config.Custom.
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

// FromJSON makes a model of what Model.JSON wrote. Its weights start anew from
// its seed, and take the memory that the layers ask for. Nothing else is trusted:
// text of a later format, an unknown layer or field, or layers that do not fit
// together are errors.
func FromJSON(data []byte, cfg LoadConfig) (*Model, error) {
	text, err := parts(data)
	if err != nil {
		return nil, err
	}
	m, r, err := described(text, cfg)
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

// parts are what JSON was put together from, by the keys of a file.
func parts(data []byte) (map[string]string, error) {
	const depth = 101 // one more than a config by itself
	if err := strictjson.Check(data, depth); err != nil {
		return nil, strictjson.In("JSON", err)
	}
	text := map[string]string{}
	err := strictjson.Object(data, func(key string, value []byte) (err error) {
		switch key {
		case formatKey:
			text[key], err = strictjson.String(value)
			err = strictjson.In(key, err)
		case configKey, frozenKey:
			text[key] = string(value)
		default:
			err = graph.Error{Field: strictjson.Label(key), Rule: fmt.Sprintf("must be %s, %s or %s", formatKey, configKey, frozenKey)}
		}
		return err
	})
	return text, strictjson.In("JSON", err)
}
