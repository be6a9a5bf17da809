package params

import "testing"

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"lstm", "lstm", 0}, {"lstm", "lstn", 1},
		{"kitten", "sitting", 3}, {"lstm/kernel", "lstm/kernels", 1}, {"flaw", "lawn", 2},
	} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := editDistance(c.b, c.a); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	p := newParams(t)
	ok(t, declare(p, "m/lstm/kernel", 0), declare(p, "m/lstm/bias", 0), declare(p, "m/dense/kernel", 0))
	for _, c := range []struct {
		paths      []string
		path, hint string
	}{
		{[]string{"m"}, "m", ""},
		{[]string{"m/lstm"}, "m/lstm", ""},
		{[]string{"lstm", "m/lstm"}, "m/lstm", ""},
		{[]string{"m/dense/kernel", "m/lstm"}, "m/dense/kernel", ""},
		{[]string{"m/lst"}, "", "; the nearest are m/lstm, m and m/dense"},
		{[]string{"lstn/kernel"}, "", "; the nearest are m/lstm/kernel, m/dense/kernel and m/lstm/bias"},
	} {
		path, hint, ok := Find(p, c.paths...)
		if path != c.path || hint != c.hint || ok != (c.path != "") {
			t.Errorf("%v: got %q, %q, %v, want %q, %q", c.paths, path, hint, ok, c.path, c.hint)
		}
	}
	if _, hint, ok := Find(newParams(t), "a"); hint != "" || ok {
		t.Errorf("an empty set gives %q, %v", hint, ok)
	}
	one := newParams(t)
	ok2 := declare(one, "w", 0)
	if _, hint, _ := Find(one, "v"); ok2 != nil || hint != "; the nearest is w" {
		t.Errorf("one parameter gives %q", hint)
	}
}
