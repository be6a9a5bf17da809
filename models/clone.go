package models

import "bytes"

// Clone is a model with the same layers, name, seed, dtype and frozen weights, and with
// copies of the weights. It refuses what Save refuses.
func (m *Model) Clone() (*Model, error) {
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		return nil, err
	}
	return Read(&file, LoadConfig{Custom: m.cfg.Custom})
}
