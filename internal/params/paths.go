package params

import (
	"cmp"
	"slices"
	"strings"
)

// lastOf is the name at the end of a path.
func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// isUnder tells whether a path is another, or below it.
func isUnder(path, top string) bool {
	return path == top || strings.HasPrefix(path, top+"/")
}

// under are the parameters at a path or below it, in their order.
func (p *Params) under(path string) (all []*Param) {
	for _, q := range p.list {
		if isUnder(q.Path, path) {
			all = append(all, q)
		}
	}
	return all
}

// Find is the first of the given paths that parameters are at or below.
func Find(p *Params, paths ...string) (path string, ok bool) {
	defer RLock(p).RUnlock()
	for _, path := range paths {
		if len(p.under(path)) > 0 {
			return path, true
		}
	}
	return "", false
}

// Nearest names up to three paths of parameters, or above them, that are nearest
// to a path, see NearestOf.
func Nearest(p *Params, path string) string {
	defer RLock(p).RUnlock()
	return p.nearest(path)
}

func (p *Params) nearest(path string) string {
	var all []string
	for _, q := range p.list {
		for at := q.Path; at != ""; at = parent(at) {
			all = append(all, at)
		}
	}
	return NearestOf(all, path)
}

// NearestParam names up to three parameters whose paths are nearest to a path: those
// below it, or else those of NearestOf.
func NearestParam(p *Params, path string) string {
	defer RLock(p).RUnlock()
	return p.nearestParam(path)
}

func (p *Params) nearestParam(path string) string {
	var all, below []string
	for _, q := range p.list {
		all = append(all, q.Path)
		if _, rest, ok := strings.Cut(q.Path, "/"); isUnder(q.Path, path) || ok && isUnder(rest, path) {
			below = append(below, q.Path)
		}
	}
	if len(below) > 0 {
		all = below
	}
	return NearestOf(all, path)
}

// NearestOf names up to three of the given paths that take the fewest edits to
// reach from a path: "; the nearest are a/b and a/c". A path that leaves out the
// first name is as near as one that has it.
func NearestOf(all []string, path string) string {
	slices.Sort(all)
	all = slices.Compact(all)
	distance := func(to string) int {
		d := editDistance(path, to)
		if _, rest, ok := strings.Cut(to, "/"); ok {
			d = min(d, editDistance(path, rest))
		}
		return d
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	all = all[:min(3, len(all))]
	switch last := len(all) - 1; last {
	case -1:
		return ""
	case 0:
		return "; the nearest is " + all[0]
	default:
		return "; the nearest are " + strings.Join(all[:last], ", ") + " and " + all[last]
	}
}

// parent is a path without its last name.
func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

// editDistance is the least number of characters to insert, delete or replace
// that makes one text of another (Levenshtein 1966).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1) // distances of what a has so far to the beginnings of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
