package settings

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// nearest says what to write instead of a setting that there is not: the one most like it in
// its table, or its own name in the table that has it; "" where neither is plain.
func nearest(into any, key toml.Key) string {
	of := reflect.TypeOf(into)
	for _, word := range key[:len(key)-1] {
		if of = inside(of, word); of == nil {
			return ""
		}
	}
	word := key[len(key)-1]
	if near := Nearest(word, slices.Collect(maps.Keys(settingsOf(of)))); near != "" {
		return "write " + near
	}
	if tables := tablesWith(reflect.TypeOf(into), word, ""); len(tables) == 1 {
		return "write it under [" + tables[0] + "]"
	}
	return ""
}

// Nearest is the word most like one that is not among them, "" where none is like it.
func Nearest(word string, of []string) string {
	var near []string
	for _, name := range of {
		few := max(1, min(len(word), len(name))/3)
		if max(len(word), len(name))-min(len(word), len(name)) <= few && slips(strings.ToLower(word), name) <= few { // a word may be a megabyte
			near = append(near, name)
		}
	}
	slices.SortFunc(near, func(a, b string) int { return cmp.Or(slips(word, a)-slips(word, b), strings.Compare(a, b)) })
	if len(near) == 0 {
		return ""
	}
	return near[0]
}

// plain is what a setting is, a pointer's goal.
func plain(of reflect.Type) reflect.Type {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	return of
}

// inside is what a table's word stands for; nil if for nothing. In a table of the person's
// own names, such as places, each word stands for the same.
func inside(of reflect.Type, word string) reflect.Type {
	if of = plain(of); of.Kind() == reflect.Map {
		return of.Elem()
	}
	return settingsOf(of)[word]
}

// settingsOf is the settings of a table by name: none in one of the person's own names.
func settingsOf(of reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	if of = plain(of); of.Kind() != reflect.Struct {
		return out
	}
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case f.Anonymous && name == "":
			maps.Copy(out, settingsOf(f.Type))
		case name != "" && name != "-":
			out[name] = f.Type
		}
	}
	return out
}

// tablesWith lists the tables that have a setting, NAME standing for the person's own names.
func tablesWith(of reflect.Type, setting, at string) (out []string) {
	if of = plain(of); of.Kind() == reflect.Map {
		return tablesWith(of.Elem(), setting, at+".NAME")
	}
	all := settingsOf(of)
	if _, ok := all[setting]; ok && at != "" {
		out = append(out, strings.TrimPrefix(at, "."))
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, tablesWith(all[name], setting, at+"."+name)...)
	}
	return out
}

// slips counts the letters that are missing, too many, another's or changed about between two
// words (Damerau and Levenshtein's distance, each letter touched once).
func slips(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			other := 1
			if a[i-1] == b[j-1] {
				other = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+other)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
