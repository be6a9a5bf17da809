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

// Find is the first of the given paths that parameters are at or below. Where
// none is, ok is false and hint names the paths that are nearest to the first.
func Find(p *Params, paths ...string) (path, hint string, ok bool) {
	defer RLock(p).RUnlock()
	for _, path := range paths {
		if len(p.under(path)) > 0 {
			return path, "", true
		}
	}
	return "", p.nearest(paths[0]), false
}

// nearest names up to three paths of parameters, or above them, that take the
// fewest edits to reach from a path: "; the nearest are a/b and a/c". A path that
// leaves out its first name is as near as one that has it.
func (p *Params) nearest(path string) string {
	distances := map[string]int{}
	for _, q := range p.list {
		for at := q.Path; at != ""; at = parent(at) {
			if _, ok := distances[at]; ok {
				break
			}
			distances[at] = editDistance(path, at)
			if _, rest, ok := strings.Cut(at, "/"); ok {
				distances[at] = min(distances[at], editDistance(path, rest))
			}
		}
	}
	if len(distances) == 0 {
		return ""
	}
	all := make([]string, 0, len(distances))
	for at := range distances {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(distances[a], distances[b]), strings.Compare(a, b))
	})
	if len(all) == 1 {
		return "; the nearest is " + all[0]
	}
	all = all[:min(3, len(all))]
	last := len(all) - 1
	return "; the nearest are " + strings.Join(all[:last], ", ") + " and " + all[last]
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
