package show

import (
	"hearth/core"
	"hearth/tui/ui"
)

// proofLines tell what drills say of a backup, or of the backups of a volume; none where
// nobody keeps drills. self is the backup, "" of a volume: only then it is said which one.
func proofLines(l ui.Look, p *core.Proof, self core.BackupID) []ui.Line {
	of := func(id core.BackupID, name string) string {
		switch {
		case self != "" || id == "":
			return ""
		case name != "":
			return l.Dim.Paint(" by " + core.Visible(name))
		}
		return l.Dim.Paint(" by " + core.Visible(id.Short()))
	}
	var lines []ui.Line
	switch {
	case p == nil:
		return nil
	case p.Unread != "":
		return []ui.Line{ui.FieldLine("last proven", l.Unknown.Paint("? unknown, because "+core.Visible(p.Unread)))}
	case p.Proven.Set:
		lines = append(lines, ui.FieldLine("last proven", l.Since(p.Proven)+of(p.Of, p.OfName)+l.Dim.Paint(", byte for byte, in a drill")))
	default:
		lines = append(lines, ui.FieldLine("last proven", "never"+l.Dim.Paint(", as far as this archive knows")))
	}
	if p.Restored.Set && (!p.Proven.Set || p.Restored.V.After(p.Proven.V)) {
		lines = append(lines, ui.FieldLine("last tried", l.Since(p.Restored)+l.Dim.Paint(", it came back, and its bytes were not compared")))
	}
	if p.Fell() {
		text := l.Bad.Paint("✗ ") + l.Since(p.Bad) + of(p.BadOf, "")
		if p.Why != "" {
			text += l.Bad.Paint(": " + core.Visible(p.Why))
		}
		lines = append(lines, ui.FieldLine("did not come back", text))
	}
	return lines
}
