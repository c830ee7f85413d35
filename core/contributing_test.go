package core_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is generated anew")

// TestContributing holds the table in .github/CONTRIBUTING.md to the layers.
func TestContributing(t *testing.T) {
	const begin, end = "<!-- imports:begin -->\n", "<!-- imports:end -->"
	path := filepath.Join("..", ".github", "CONTRIBUTING.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no table of imports", path)
	}
	want := importTable()
	switch {
	case have == want:
	case *update:
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s tells other imports than the layers; go test ./core -run Contributing -update writes them", path)
	}
}

// importTable writes the layers as Markdown: of what may be imported, what is ours.
func importTable() string {
	var b strings.Builder
	b.WriteString("| package | may import | because |\n| --- | --- | --- |\n")
	for _, dir := range slices.Sorted(maps.Keys(layers)) {
		r, name := layers[dir], dir
		var may []string
		for _, m := range r.may {
			if ours, ok := strings.CutPrefix(m, "hearth/"); ok {
				may = append(may, "`"+ours+"`")
			}
		}
		list := strings.Join(may, " ")
		switch {
		case dir == ".":
			name, list = "main", "everything"
		case list == "":
			list = "nothing"
		}
		b.WriteString("| `" + name + "` | " + list + " | " + r.reason + " |\n")
	}
	return b.String()
}
