package verbs

import (
	"strings"

	"hearth/core"
)

// idiom is how the verbs say what can be done where core, the jobs and the drivers leave that
// to whoever shows it: by flags, and by verbs.
var idiom = core.Idiom{
	core.DoLeaveOut:     func(with ...string) string { return "leave it out:" + flags("--leave-out", with) },
	core.DoGiveCapture:  saying("name the backup repository for this place, or hand the capture in with --capture"),
	core.DoServiceToday: saying("hearth import --service today has it so"),
	core.DoServiceOwn:   func(with ...string) string { return flags("--service", with)[1:] + " takes the other" },
	core.DoOwnTenant: func(with ...string) string {
		return "choose it as the owner to have it own the backup:" + flags("--owner", with)
	},
	core.DoUnderToday: saying("take its record from the database, and import that where no such row is, under " +
		"cinder.backup.drivers.swift.SwiftBackupDriver (hearth import --service today); or restore it with the Cinder that made it"),
	core.DoThatPlace:      saying("name that place with --place"),
	core.DoRepository:     saying("name the backup repository with --place, or as the place's repository in the config"),
	core.DoAnotherBundle:  saying("name another with --bundle"),
	core.DoOverBundle:     saying("choose another name, or give --overwrite to have it replaced"),
	core.DoArchiveFirst:   saying("run hearth archive first"),
	core.DoViaAPI:         saying("plan it with --via api, or restore the backup"),
	core.DoExistingVolume: saying("name an existing volume, or leave --via out"),
	core.DoAlsoViaAPI:     saying("give --via api too"),
	core.DoForce:          saying("back it up with --force: what it holds is then as after a power cut"),
	core.DoReadRest:       saying("see hearth verify --deep; --keep-going reads the rest"),
	core.DoPasscode:       saying("give it with --passcode or OS_PASSCODE"),
	core.DoPasscodeLater:  saying("try again in a minute, or give it with --passcode or OS_PASSCODE"),
	core.DoAnyProject:     saying("leave out --project, or name a cloud with a password or a token"),
	core.DoNoParts:        saying("leave --region and --project out"),
	core.DoUndoOrFinish:   saying("hearth journal shows what was done; apply --resume finishes it, undo takes it back"),
	core.DoNarrowProven:   saying("narrow it, as with proven<7d; hearth drill --results lists all"),
	core.DoTidyDrills:     saying("hearth drill --tidy deletes what it left"),
}

func saying(text string) func(...string) string { return func(...string) string { return text } }

// flags are a flag with each of some values, as a shell takes them, after a blank.
func flags(flag string, values []string) string {
	var b strings.Builder
	for _, v := range values {
		if v = core.Visible(v); v == "" || strings.ContainsFunc(v, quotable) {
			v = "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
		}
		b.WriteString(" " + flag + " " + v)
	}
	return b.String()
}

// quotable reports whether a word with this sign wants quotation marks in a shell.
func quotable(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._+/=-:@", r)
}

// told is a failure in a sentence, with what to do next in the words of the verbs.
func told(err error) string { return core.Instead(err, idiom).Error() }
