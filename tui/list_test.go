package tui

import (
	"slices"
	"strings"
	"testing"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// listed is what a list of backups holds.
type listed struct {
	table  *grid.Model
	page   core.Page[core.Backup]
	sort   core.Order
	text   string // in the filter
	typing bool
}

// backupsOf is the list of backups that is shown.
func backupsOf(r *rig) listed {
	r.t.Helper()
	top := r.Top()
	if !valueAt(top, "typing").IsValid() {
		r.t.Fatalf("the screen is a %T", top)
	}
	return listed{*inside[*grid.Model](top, "table"), *inside[core.Page[core.Backup]](top, "page"), *inside[core.Order](top, "sort"),
		inside[textinput.Model](top, "field").Value(), *inside[bool](top, "typing")}
}

// chosen is what an action on several would work on.
func (l listed) chosen() []string {
	if l.table.Marks() > 0 {
		return l.table.MarkedKeys()
	}
	return []string{l.table.Key()}
}

// TestFilterAsYouType: every letter filters, a mistake is told and the last right
// filter holds, Esc goes back.
func TestFilterAsYouType(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 24)
	r.press("/").typeText("status:err").want("0 backups of 90", "Enter keep the filter")
	r.typeText("or").want("3 backups of 90", "known good", "✗ error")
	r.typeText(" ag>3d").want("! there is no column ag")
	r.press("backspace", "backspace", "backspace").typeText("e>3d")
	r.wantNot("! there is").want("2 backups of 90", "two")
	r.press("enter").want("filter status:error age>3d", "2 backups of 90")
	if where := backupsOf(r); where.typing {
		t.Error("the field keeps the focus")
	}
	r.press("j", "k").want("filter status:error age>3d") // keys are keys again
	r.press("esc").want("90 backups").wantNot("filter status", "filter web")

	r.press("/").typeText("nosuch:1").press("enter").said(ui.LevelBad, "there is no column nosuch")
	r.press("/", "ctrl+c").want("90 backups")
	r.press("/").typeText("web").press("esc").want("90 backups").wantNot("filter status", "filter web")
	r.press("/")
	r.send(tea.PasteMsg{Content: " name~web-root \n"})
	r.want("/ name~web-root", "7 backups of 90")
	if _, err := core.ParseFilter(backupsOf(r).text, core.BackupColumns); err != nil {
		t.Error(err)
	}
}

// TestSort sorts by every column, each both ways.
func TestSort(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 24)
	for i, col := range core.BackupColumns {
		for _, again := range []bool{false, true} {
			r.press("s")
			menu := r.Dialog().(*ui.MenuBox)
			for menu.At != i {
				r.press("down")
			}
			r.press("enter")
			list := backupsOf(r)
			if list.sort.Column != col.Name {
				t.Fatalf("%s: sorted by %s", col.Name, list.sort.Column)
			}
			want, err := sharedDemo(t).Backups(t.Context(), core.Query{Sort: []core.Order{list.sort}})
			if err != nil {
				t.Fatal(err)
			}
			for n := range list.page.Rows {
				if list.page.Rows[n].ID != want.Rows[n].ID {
					t.Fatalf("%s, again %v: row %d is %s, want %s", col.Name, again, n, list.page.Rows[n].ID, want.Rows[n].ID)
				}
			}
			if list.table.Cursor() != 0 {
				t.Errorf("%s: the cursor is on row %d", col.Name, list.table.Cursor())
			}
		}
	}
	desc := backupsOf(r).sort.Desc
	if r.press("S"); backupsOf(r).sort.Desc == desc {
		t.Error("S does not turn the order round")
	}
	r.press("s", "#1").want("NAME▲")
	r.press("s", "#1").want("NAME▼")
	r.press("s", "#5").want("AGE▲") // the newest first, which is the least age
}

// TestMovedFromEnd: who went to the end and moved on is not taken back there as the clock ticks.
func TestMovedFromEnd(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 24).press("end", "up", "up")
	was := backupsOf(r).table.Key()
	if r.send(ui.TickMsg{}); backupsOf(r).table.Key() != was {
		t.Errorf("the cursor was on %s and is on %s", was, backupsOf(r).table.Key())
	}
}

// TestMarks: marks stay with their rows, and exports take them in the order of
// their marking.
func TestMarks(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 24)
	r.press("down", "space", "up", "up", "space").want("90 backups, 2 marked")
	if got := backupsOf(r).chosen(); !slices.Equal(got, []string{fullID(t, "backup", "acde07b6"), fullID(t, "backup", guessedBackup)}) {
		t.Errorf("marked %v", got)
	}
	r.press("A").wantNot("marked")
	if got := backupsOf(r).chosen(); len(got) != 1 {
		t.Errorf("without marks %v is chosen", got)
	}
	r.find("web-root").press("a").said(ui.LevelInfo, "7 marked").want("7 backups of 90, all 7 marked", "*web-root")
	r.press("esc").want("90 backups, 7 marked", " *web-root")
	r.press("end", "space").want("8 marked")
}

// TestJumps goes from a volume to its backups, to one of them, to its volume, to
// what was restored from it, and back.
func TestJumps(t *testing.T) {
	r := newRig(t, sharedDemo(t), 140, 30)
	r.press("v").find("db-prod-01").press("B").want("Volumes › Backups", "10 backups of 90")
	r.press("enter").want("db-prod-01-incr-2026-11-22", "[Overview]")
	r.press("V").want("Volumes › Backups › db-prod-01-incr-2026-11-22 › db-prod-01", "primary database, PostgreSQL 17")
	r.press("esc", "esc").want("Volumes › Backups", "10 backups of 90")
	r.press("esc").want("1 volume of 26")

	r.press("b").find("id:9dd96bf0").press("R").want("restore_backup_9dd96bf0", "src_backup_id")
	r.press("O").want("[Overview]", "9dd96bf0-36fc")
	r.press("b").want("1 backup of 90", "Backups").wantNot("›") // the root keeps its filter
	r.press("esc", "home", "R").said(ui.LevelWarn, "has not been restored")
	r.press("v", "esc").find("gitlab-data").press("O").said(ui.LevelWarn, "Nothing here says")
}

// TestPane: the pane follows the cursor, shows at once what the list knows, and
// can be hidden; a terminal that grows gets one.
func TestPane(t *testing.T) {
	r := newRig(t, sharedDemo(t), 140, 40)
	r.want("│ bastion-root-full", "cinder-bak-02")
	r.press("down").want("│ web-root-incr-2026-11-22")
	r.slow = true
	r.press("down").want("│ ◌ not of this row", "acde07b6-0dd8-4542-a907-a4b8827a0143").wantNot("│ web-root-incr-2026-11-22")
	r.press("up").want("│ web-root-incr-2026-11-22").wantNot("not of this row") // it is shown already
	r.fire()
	r.press("down", "down", "up")
	r.fire() // the clock too, which has the rows read anew
	r.fire()
	r.want("│ pvc-5b0e1c9e", "properties").wantNot("not of this row")
	r.slow, r.asleep = false, true
	r.press("down").takeLast().want("│ auto-20261122-0231-staging-db")
	r.wantNot("properties") // which only the whole row has
	r.wake()
	r.want("properties")
	r.press("d").wantNot("properties").press("d").want("properties")
	r.send(tea.WindowSizeMsg{Width: 100, Height: 40})
	r.wantNot("properties").press("d").said(ui.LevelWarn, "too narrow for a list and a pane")
	r.send(tea.WindowSizeMsg{Width: 140, Height: 40})
	r.want("properties")
}

// TestCursorStaysOnItsRow when rows come in above it.
func TestCursorStaysOnItsRow(t *testing.T) {
	p := demo(t, store.World{})
	r := newRig(t, p, 100, 24)
	r.press("down", "down", "down")
	key := backupsOf(r).table.Key()
	other := newRig(t, p, 100, 24)
	other.send(tea.PasteMsg{Content: several(t)})
	other.press("i", "y").said(ui.LevelGood, "imported")
	r.send(ui.TickMsg{})
	r.want("93 backups")
	if got := backupsOf(r).table.Key(); got != key || backupsOf(r).table.Cursor() == 3 {
		t.Errorf("the cursor is on %s, row %d", got, backupsOf(r).table.Cursor())
	}
}

// TestWindow reads on as the cursor moves through more rows than are read at once.
func TestWindow(t *testing.T) {
	r := newRig(t, demo(t, store.World{Backups: 1200}), 100, 24)
	for range 70 {
		r.press("pgdown")
		if strings.Contains(r.screenText(), "  …") {
			t.Fatalf("rows are missing:\n%s", r.screenText())
		}
	}
	if n := backupsOf(r).table.Cursor(); n != 1199 {
		t.Errorf("the cursor is on row %d", n)
	}
	r.press("home").wantNot("  …").press("end").wantNot("  …")
	if n := len(backupsOf(r).page.Rows); n > 400 {
		t.Errorf("%d rows are held", n)
	}
}
