package train

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
