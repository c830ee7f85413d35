package show

import (
	"strings"

	"hearth/core"
	"hearth/tui/ui"
)

// Idiom is how the screens say what can be done where core, the jobs and the drivers leave
// that to whoever shows it: by keys, and where no screen does it by a command in a shell.
var Idiom = core.Idiom{
	core.DoLeaveOut: func(...string) string { return "leave it out: " + ui.KeyOf("leave-out") + " on its row" },
	core.DoGiveCapture: func(...string) string {
		return "name the backup repository for this place in the config, or hand the capture in as a file (" + ui.KeyOf("give-capture") + ")"
	},
	core.DoServiceToday: func(...string) string { return ui.KeyOf("service-today") + " has it so" },
	core.DoServiceOwn: func(with ...string) string {
		return "the other is taken in a shell: hearth import --service=" + ui.ShellWord(strings.Join(with, ""))
	},
	core.DoOwnTenant: func(...string) string {
		return "choose it as the owner (" + ui.KeyOf("owner") + ") to have it own the backup"
	},
	core.DoThatPlace:     func(...string) string { return "go there: " + ui.KeyOf("go-places") + " lists the places" },
	core.DoAnotherBundle: func(...string) string { return "write it under another name" },
	core.DoOverBundle:    func(...string) string { return "choose another name" },
	core.DoArchiveFirst: func(...string) string {
		return ui.KeyOf("archive-missing") + " in the archive, to which " + ui.KeyOf("go-archive") + " goes, exports the records"
	},
	core.DoForce: func(...string) string {
		return "back it up with force, a switch of its form: what it holds is then as after a power cut"
	},
	core.DoReadRest: func(...string) string {
		return ui.KeyOf("verify") + " verifies every chunk of it; the rest is read in a shell: hearth extract --keep-going"
	},
	core.DoUndoOrFinish: func(...string) string {
		return ui.KeyOf("go-journal") + " shows what was done; there " + ui.KeyOf("finish") + " does the rest, and " +
			ui.KeyOf("undo-this") + " takes it back"
	},
	core.DoNarrowProven: func(...string) string {
		return "narrow it, as with proven<7d; " + ui.KeyOf("go-drills") + " lists all drills"
	},
	core.DoTidyDrills: func(...string) string { return ui.KeyOf("tidy-drills") + " among the drills deletes what it left" },
}

// FindingText is what a preflight has to say, in the words of the screens.
func FindingText(f core.Finding) string { return f.In(Idiom) }

// PlanText is a plan with its reasons in the words of the screens: to be shown, and not to be
// copied.
func PlanText(p *core.Plan) *core.Plan { return Idiom.Plan(p) }
