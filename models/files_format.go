package models

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
	"github.com/pkg/errors"
)

// A saved model is one safetensors file: the weights by path, and in its metadata
// the config of every layer and the paths of the frozen weights. The layers are
// resolved, so the file holds the defaults of the version that wrote it, and a later
// version with other defaults does not change the model.
//
// Files stay readable for ever:
//
//   - A field that is absent is zero, and the zero value of a field that a type gets
//     later means what the type did before. So a new field needs nothing else.
//   - A field that is zero is not written, so an earlier version reads every file
//     that does not use the new fields. It refuses the others by name.
//   - A field that a type loses, because it could only be zero, is retired in registry.
//   - The version of the format changes only where a config means something else
//     than before. Then format.lift gets a function that turns the old config into
//     the new one.
const (
	keyPrefix = "engram_"
	formatKey = keyPrefix + "format"
	configKey = keyPrefix + "config"
	frozenKey = keyPrefix + "frozen" // only where a weight is frozen
)

// format is the version of the files that are written, and how to read earlier ones.
type format struct {
	version int
	// lift has for each earlier version the function that turns a config of that
	// version into one of the next.
	lift map[int]func(config []byte) ([]byte, error)
}

func currentFormat() format { return format{version: 1} }

// config is the config in what a file says of a model, lifted to this version.
func (f format) config(text map[string]string) ([]byte, error) {
	given := text[formatKey]
	version, err := strconv.Atoi(given)
	switch {
	case err != nil || version < 1 || strconv.Itoa(version) != given:
		return nil, graph.Error{Field: formatKey, Rule: fmt.Sprintf("must be a version from 1 to %d, as Save writes it", f.version), Value: strconv.Quote(given)}
	case version > f.version:
		return nil, graph.Error{Field: formatKey, Rule: fmt.Sprintf("must be at most %d: the file comes from a newer version of Engram", f.version), Value: version}
	}
	for _, key := range slices.Sorted(maps.Keys(text)) {
		if strings.HasPrefix(key, keyPrefix) && key != formatKey && key != configKey && key != frozenKey {
			return nil, unknownKey(key)
		}
	}
	config := []byte(text[configKey])
	if version == f.version {
		return config, nil
	}
	if err := strictjson.Check(config, codec.MaxDepth); err != nil {
		return nil, errs.At(err, configKey, "")
	}
	for ; version < f.version; version++ {
		if config, err = f.lift[version](config); err != nil {
			return nil, errors.Wrapf(err, "%s of version %d", configKey, version)
		}
	}
	return config, nil
}

func unknownKey(key string) error {
	return graph.Error{Field: strictjson.Label(key), Rule: fmt.Sprintf("must be %s, %s or %s, unless the file comes from a newer version of Engram", formatKey, configKey, frozenKey)}
}
