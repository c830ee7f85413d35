package verbs

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// TestTableFits: no line is wider than the terminal as long as there is room for
// eight cells a column, and what is needed stays.
func TestTableFits(t *testing.T) {
	b := open(t, lab)
	for width := 1; width < 400; width += 1 + width/40 {
		b.env.Width = width
		for _, verb := range []string{"volumes", "backups"} {
			got := b.ok(verb)
			for line := range strings.Lines(got) {
				if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > max(width, 8*6+2*5) {
					t.Fatalf("%s at %d: %d wide: %s", verb, width, w, line)
				}
			}
			for _, title := range []string{"ID", "Name", "Status", "Size", "Created"} {
				if !strings.Contains(got, title) {
					t.Fatalf("%s at %d: no %s", verb, width, title)
				}
			}
		}
	}
	// What is asked for by name is not left out.
	b.env.Width = 30
	if got := b.ok("backups", "-c", "reason,volume,id,name"); !strings.HasPrefix(got, "Fail re…  Volume") {
		t.Errorf("%s", got)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
	}{
		{"", ""}, {"one", "one"}, {"one two three", "one two|three"}, {"a-b-c-d-e f", "a-b-c-d-e|f"},
		{"abcdefghijklmnopqrst uv", "abcdefghij|klmnopqrst|uv"},
		{"日本語日本語 x", "日本語日本|語 x"}, {"12345678 9", "12345678 9"}, {"123456789 0", "123456789|0"},
	} {
		if got := strings.Join(wrap(c.text, 10), "|"); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestGridLanes: numbers stand right, ids lose their end and times their seconds.
func TestGridLanes(t *testing.T) {
	g := grid{lanes: []lane{{title: "N", kind: core.NumberColumn}, {title: "ID", kind: core.IDColumn},
		{title: "At (UTC)", kind: core.TimeColumn}, {title: "Text"}},
		rows: [][]string{{"7", "cf635c83-1d0a-40a7-813b-3835378bec36", "2026-11-22 09:45:56", "some words"}, {"1234", "-", "?", ""}}}
	for width, want := range map[int]string{
		0: "   N  ID                                    At (UTC)             Text\n" +
			"   7  cf635c83-1d0a-40a7-813b-3835378bec36  2026-11-22 09:45:56  some words\n" +
			"1234  -                                     ?\n",
		50: "   N  ID        At (UTC)             Text\n   7  cf635c83  2026-11-22 09:45:56  some words\n1234  -         ?\n",
		45: "   N  ID        At (UTC)          Text\n   7  cf635c83  2026-11-22 09:45  some words\n1234  -         ?\n",
		37: "   N  ID        At (UTC)    Text\n   7  cf635c83  2026-11-22  some wor…\n1234  -         ?\n",
	} {
		var b strings.Builder
		if err := g.write(&b, width); err != nil || b.String() != want {
			t.Errorf("%d: got\n%swant\n%s", width, b.String(), want)
		}
	}
}

// TestOddCell: a value of another kind than its column's is printed as it came, and
// marked.
func TestOddCell(t *testing.T) {
	b := core.Backup{ID: "b", Size: 0, Odd: core.Odd{"size": `"ten"`, "created_at": `"yesterday"`, "is_incremental": "7", "name": "5"}}
	for name, want := range map[string]string{"size": `"ten" ?`, "created": `"yesterday" ?`, "kind": "7 ?", "name": "5 ?", "id": "b"} {
		col, _ := core.BackupColumns.Find(name)
		if got := cell(col, &b, nil, false); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var f format
	col, _ := core.BackupColumns.Find("kind")
	if got := bareCell(&f, col, &b, nil); got != "7" {
		t.Errorf("bare: %q", got)
	}
}
