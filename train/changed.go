package train

import "slices"

// checkLayers refuses a model that took more layers after Compile, of which the
// programs at hand know nothing. What is added comes last, under a name of its
// own, and so the outputs have other names.
func (t *Trainer) checkLayers() error {
	names, err := t.model.OutputNames()
	if err != nil {
		return err
	}
	if !slices.Equal(names, t.names) {
		return t.fail("model", "must keep its layers after Compile", names)
	}
	return nil
}

// checkFrozen refuses to go on with weights that were frozen, or without some
// that no longer are, since the optimizer was started for what was trainable
// then.
func (t *Trainer) checkFrozen() error {
	k := 0
	for _, p := range t.known {
		trained := k < len(t.trained) && t.trained[k] == p
		if trained != p.Trainable() {
			return t.fail("trainer", "must be compiled again after Freeze or Unfreeze", p.Path)
		}
		if trained {
			k++
		}
	}
	return nil
}
