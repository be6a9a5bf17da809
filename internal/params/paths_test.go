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
		paths []string
		want  string
	}{
		{[]string{"m"}, "m"},
		{[]string{"m/lstm"}, "m/lstm"},
		{[]string{"lstm", "m/lstm"}, "m/lstm"},
		{[]string{"m/dense/kernel", "m/lstm"}, "m/dense/kernel"},
		{[]string{"m/lst", "m/", ""}, ""},
	} {
		if got, ok := Find(p, c.paths...); got != c.want || ok != (c.want != "") {
			t.Errorf("%v: got %q, %v, want %q", c.paths, got, ok, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	none, one, p := newParams(t), newParams(t), newParams(t)
	ok(t, declare(one, "w", 0), declare(p, "m/lstm/kernel", 0), declare(p, "m/lstm/bias", 0), declare(p, "m/dense/kernel", 0))
	for _, c := range []struct {
		p          *Params
		path, want string
	}{
		{none, "w", ""},
		{one, "v", "; the nearest is w"},
		{p, "m/lst", "; the nearest are m/lstm, m and m/dense"},
		{p, "lstn/kernel", "; the nearest are m/lstm/kernel, m/dense/kernel and m/lstm/bias"},
	} {
		if got := Nearest(c.p, c.path); got != c.want {
			t.Errorf("%s: got %q, want %q", c.path, got, c.want)
		}
	}
	for path, want := range map[string]string{
		"m/lst":      "; the nearest are m/lstm/bias, m/lstm/kernel and m/dense/kernel",
		"m/lstm":     "; the nearest are m/lstm/bias and m/lstm/kernel",
		"dense":      "; the nearest is m/dense/kernel",
		"m/lstm/bia": "; the nearest are m/lstm/bias, m/lstm/kernel and m/dense/kernel",
	} {
		if got := NearestParam(p, path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
