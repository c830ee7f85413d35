package sql_test

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/sql"
)

// As many words as a filter may have, SQL takes in any place of it; one more is refused
// before it is asked.
func TestManyTerms(t *testing.T) {
	p := open(t, lab(t), sql.Options{})
	defer p.Close()
	for _, term := range []string{"-zzz ", "-name:zzz ", "-status:error ", "size<100000 ", "-description~zzz "} {
		f, err := core.ParseFilter(strings.Repeat(term, 300), core.BackupColumns)
		ok(t, err)
		if page, err := p.Backups(t.Context(), core.Query{Filter: f}); err != nil || page.All == 0 {
			t.Errorf("300 times %s: %d rows, %v", term, page.All, err)
		}
		if _, err := core.ParseFilter(strings.Repeat(term, 301), core.BackupColumns); core.CodeOf(err) != core.CodeUsage {
			t.Errorf("301 times %s: %v", term, err)
		}
	}
	words := "id:" + strings.TrimSuffix(strings.Repeat("x,", 299), ",")
	f, err := core.ParseFilter(words, core.BackupColumns)
	ok(t, err)
	if _, err := p.Backups(t.Context(), core.Query{Filter: f}); err != nil {
		t.Error(err)
	}
	if _, err := core.ParseFilter(words+",y,y,y", core.BackupColumns); core.CodeOf(err) != core.CodeUsage {
		t.Errorf("words of one term: %v", err)
	}
}
