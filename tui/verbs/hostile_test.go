package verbs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/storetest"
)

// evil is what a tenant can name a thing: a title, the clipboard, colours, a line
// of hearth's own, a reversal, nothing to see, a C1 control.
const evil = "\x1b]0;t\x07\x1b]52;c;eA==\x07\x1b[31m\r\nhearth: all is well.\n\u202eexe\u200b\u009b2J\u2028\ufeff\u2066"

// clean reports the first character of a text that no terminal should get, "" if
// there is none. Tabs part the columns of value.
func clean(s string) string {
	for i, r := range s {
		switch {
		case r == '\n' || r == '\t':
		case r == utf8.RuneError, unicode.Is(unicode.C, r), unicode.In(r, unicode.Zl, unicode.Zp):
			return strings.ToUpper(pyjson.Quote(s[max(0, i-20):min(len(s), i+20)]))
		}
	}
	return ""
}

// quotedText is any text in SQL, also one that is no UTF-8.
func quotedText(s string) string { return fmt.Sprintf("CAST(x'%x' AS TEXT)", s) }

// TestHostile names everything as ill as can be, and runs every verb in every
// format: neither stdout nor stderr gets a character that steers a terminal, and
// no name can make a line of its own.
func TestHostile(t *testing.T) {
	kinds := storetest.HostileTexts
	b, file := demo(t, store.World{Volumes: len(kinds), Backups: 2 * len(kinds)})
	quoted := quotedText(evil)
	for _, table := range []string{"volumes", "backups"} {
		change(t, file, "UPDATE "+table+" SET display_name = "+quoted+" || id, display_description = "+quoted+
			", availability_zone = "+quoted+", host = "+quoted)
	}
	change(t, file, "UPDATE backups SET service_metadata = "+quoted+", container = "+quoted+", status = 'available'",
		"UPDATE volumes SET provider_auth = 'CHAP user hunter2', provider_location = "+quoted,
		`UPDATE volume_metadata SET "key" = `+quoted+" || id, value = "+quoted)
	volumes, backups := ids(b.list("volumes", "-o", "json")), ids(b.list("backups", "-o", "json"))
	// The first ones keep evil: a record of theirs can be imported.
	named := func(table, id, name string) string {
		return "UPDATE " + table + " SET display_name = " + quotedText(name) + ", display_description = display_name WHERE id = '" + id + "'"
	}
	volume, all := volumes[0], backups[len(kinds)+4]
	change(t, file, named("volumes", volume, storetest.HostileText()), named("backups", all, storetest.HostileText()))
	for i, x := range kinds[1:] {
		change(t, file, named("volumes", volumes[i+1], x.Text), named("backups", backups[i+4], x.Text))
	}
	dir := t.TempDir()
	capture := filepath.Join(dir, "c"+evil+".json")
	if err := os.WriteFile(capture, []byte(b.ok("capture", volume)), 0o600); err != nil {
		t.Skip("this file system takes no such names")
	}
	records := b.ok("export", backups[0], backups[1])
	other, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	b.env.Asks, b.env.ErrWidth = true, 80
	calls := [][]string{
		{"volumes"}, {"backups"}, {"journal"}, {"volume", volume}, {"backup", backups[0]},
		{"volumes", "-o", "csv"}, {"volumes", "-o", "value"}, {"backups", "-o", "csv"}, {"backups", "-o", "value"},
		{"journal", "-o", "csv"}, {"journal", "-o", "value"},
		{"volume", volume, "-o", "csv"}, {"volume", volume, "-o", "value"}, {"backup", backups[0], "-o", "csv"},
		{"backup", backups[0], "-o", "value"},
		{"volumes", "-o", "json"}, {"backups", "-o", "yaml"}, {"volume", volume, "-o", "json"},
		{"volume", volume, "-o", "yaml"}, {"journal", "-o", "json"}, {"journal", "-o", "yaml"},
		{"plan", backups[0], "--onto", volume, "--all"}, {"plan", backups[0], "--new", evil},
		{"plan", "--capture", capture, "--new", "-o", "json"}, {"plan", "--capture", capture, "--new"},
		{"capture", volume, "--save"}, {"export", backups[0], "-o", "text"}, {"export", backups[0], "-o", "command"},
		{"export", evil}, {"volume", evil}, {"backup", evil}, {evil},
		{"backups", "--filter", evil}, {"backups", "--filter", "name:" + evil}, {"backups", "--filter", "size>" + evil},
		{"backups", "--sort", evil}, {"backups", "-c", evil}, {"backups", "-o", evil}, {"backups", "--" + evil},
		{"help", evil},
		{"undo", evil}, {"apply", backups[0], "--onto", volume, "--yes"}, {"undo", "--yes"}, {"undo"},
		{"apply", backups[0], "--onto", volume}, {"decode", capture}, {"import", evil},
		{"decode", "-"}, {"decode", "-", "-o", "csv"}, {"decode", "-", "-o", "json"}, {"import", "-", "--dry-run"},
		{"__complete", "volume", ""}, {"__complete", "backup", backups[0][:4]}, {"__complete", "undo", ""},
	}
	calls = append(calls, []string{"backup", all}, []string{"backup", all, "-o", "csv"}, []string{"backup", all, "-o", "json"})
	for _, x := range kinds {
		calls = append(calls, []string{"volume", x.Text}, []string{"backups", "--filter", "name:" + x.Text}, []string{"help", x.Text})
	}
	for _, width := range []int{0, 70} {
		b.env.Width = width
		for _, args := range calls {
			b.in = records
			got := b.run(args...)
			check(t, args, got)
		}
	}
	other.in = records
	check(t, []string{"import", "-", "--yes"}, other.run("import", "-", "--yes"))
	if n := len(other.list("backups", "-o", "json")); n != 2 {
		t.Fatalf("%d backups were imported, want 2", n)
	}
	check(t, []string{"journal"}, other.run("journal"))
}

func check(t *testing.T, args []string, got outcome) {
	t.Helper()
	if bad := clean(got.out); bad != "" {
		t.Errorf("%q: stdout gets %s", args, bad)
	}
	if bad := clean(got.err); bad != "" {
		t.Errorf("%q: stderr gets %s", args, bad)
	}
	for _, line := range strings.Split(got.out+got.err, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "hearth: all is well") {
			t.Errorf("%q: a name passes for hearth's own word: %s", args, line)
		}
	}
}

// TestSecrets are masked wherever a person looks, and told of where they are not.
func TestSecrets(t *testing.T) {
	b, file := demo(t, store.World{Volumes: 1, Backups: 1})
	change(t, file, "UPDATE volumes SET provider_auth = 'CHAP user hunter2'")
	volume := ids(b.list("volumes", "-o", "json"))[0]
	got := b.run("capture", volume)
	if !strings.Contains(got.out, "hunter2") || !strings.Contains(got.err, "holds a secret") {
		t.Errorf("capture: %+v", got)
	}
	capture := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(capture, []byte(got.out), 0o600); err != nil {
		t.Fatal(err)
	}
	change(t, file, "DELETE FROM volume_metadata", "DELETE FROM volume_glance_metadata") // so that the capture changes something
	for _, args := range []string{"volume " + volume, "volume " + volume + " -o csv",
		"volume " + volume + " -o value --raw", "volume " + volume + " -o json",
		"plan --capture " + capture + " --onto " + volume + " --all",
		"plan --capture " + capture + " --onto " + volume + " -o json", "plan --capture " + capture + " --new -o yaml",
		"apply --capture " + capture + " --onto " + volume + " --yes", "journal -o json", "volumes -o json", "undo --yes"} {
		got := b.run(strings.Fields(args)...)
		if got.code != 0 || strings.Contains(got.out+got.err, "hunter2") {
			t.Errorf("%s: exit %d, secret shown: %v", args, got.code, strings.Contains(got.out+got.err, "hunter2"))
		}
		if strings.HasPrefix(args, "volume ") && !strings.Contains(got.out, core.Masked) &&
			!strings.Contains(got.out, strings.Trim(pyjson.Quote(core.Masked), `"`)) {
			t.Errorf("%s: not masked: %s", args, got.out)
		}
	}
}
