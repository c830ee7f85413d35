package verbs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"hearth/core"
)

// verbsOf are the verbs of hearth's that a text names: "hearth backups or hearth volumes".
func verbsOf(text string) (out []string) {
	words := strings.Fields(strings.NewReplacer(",", "", ";", "", ":", "").Replace(text))
	for i, w := range words {
		if w == "hearth" && i+1 < len(words) {
			out = append(out, words[i+1])
		}
	}
	return out
}

// TestOtherWords walks the words of the other clients: what they lead to is there, and
// every verb that those clients have a command for is led to.
func TestOtherWords(t *testing.T) {
	b := open(t, lab)
	there, reached := map[string]bool{"help": true}, map[string]bool{}
	for _, c := range All(&b.env) {
		there[c.Name()] = true
	}
	reach := func(from, says string) {
		for _, verb := range verbsOf(says) {
			if reached[verb] = true; !there[verb] && !strings.Contains("shows changes deletes makes has logs reads waits counts tells", verb) {
				t.Errorf("%s leads to hearth %s, which there is not", from, verb)
			}
		}
	}
	for word, says := range otherWords {
		if there[word] {
			t.Errorf("%s is a verb of hearth's, and is said to be another", word)
		}
		reach(word, says)
		if got := b.run(word); got.code != 2 || !strings.Contains(got.err, says) {
			t.Errorf("hearth %s: exit %d, %s", word, got.code, got.err)
		}
	}
	var walk func(path string, words []twoWords)
	walk = func(path string, words []twoWords) {
		for _, w := range words {
			at := path + " " + w.word
			walk(at, w.more)
			reach(at, w.says)
			if w.does != nil {
				reached[w.does(&b.env).Name()] = true
			}
		}
	}
	walk("backup", backupWords)
	walk("volume", volumeWords)
	for flag, says := range otherFlags {
		reach("--"+flag, says)
	}
	// Of hearth's own making: those clients have no word for them.
	own := core.NewFieldSet("capture", "archive", "coverage", "recover", "reconcile", "inventory", "demo", "man", "settle", "decode", "undo",
		"journal", "plan", "apply", "copy", "verify", "extract", "compare", "diff", "places", "help", "check", "policy",
		"status", "drill", "report", "forget")
	for verb := range there {
		if !reached[verb] && !own.Has(verb) {
			t.Errorf("no word of the other clients leads to hearth %s", verb)
		}
	}
}

// TestNamedLikeAWord: where a backup has the name of a word, that is what is shown.
func TestNamedLikeAWord(t *testing.T) {
	file := copyOf(t, lab)
	b := open(t, file)
	all := b.ok("backups", "-o", "value", "-c", "id")
	if got := b.ok("backup", "list", "-f", "value", "-c", "ID"); got != all {
		t.Errorf("backup list prints %q, and backups %q", got, all)
	}
	id := all[:36]
	if got := b.ok("backup", "show", id, "-f", "value", "-c", "ID"); got != id+"\n" {
		t.Errorf("backup show ID: %q", got)
	}
	if got := b.run("backup", "show"); got.code != 2 || !strings.Contains(got.err, "an argument is missing") {
		t.Errorf("backup show: %+v", got)
	}
	b.desk.Place.Close()
	change(t, file, "UPDATE backups SET display_name = 'list' WHERE id = '"+id+"'")
	b = open(t, file)
	if got := b.ok("backup", "list", "-f", "value", "-c", "ID"); got != id+"\n" {
		t.Errorf("backup list, where a backup has that name: %q", got)
	}
	change(t, file, "UPDATE backups SET display_name = 'list' WHERE deleted = 0")
	if got := b.run("backup", "list"); got.code != 4 {
		t.Errorf("where several have it: %+v", got)
	}
}

// TestSameFlags: a flag of the other clients that hearth has under another name is not
// one of hearth's own.
func TestSameFlags(t *testing.T) {
	b := open(t, lab)
	for _, c := range All(&b.env) {
		each(c, func(cmd *cobra.Command) {
			for theirs := range sameFlags {
				if f := cmd.Flags().Lookup(theirs); f != nil && f.Name == theirs {
					t.Errorf("%s has --%s", cmd.CommandPath(), theirs)
				}
			}
			if o, f := cmd.Flags().ShorthandLookup("o"), cmd.Flags().ShorthandLookup("f"); (o == nil) != (f == nil) ||
				f != nil && (f.Name != "format" || f.DefValue != o.DefValue) {
				t.Errorf("%s: -o is %v and -f is %v", cmd.CommandPath(), o, f)
			}
		})
	}
}

func each(c *cobra.Command, fn func(*cobra.Command)) {
	fn(c)
	for _, sub := range c.Commands() {
		each(sub, fn)
	}
}

// TestHeadings: -c takes what stands above the columns of a table, of every verb that
// lists.
func TestHeadings(t *testing.T) {
	for _, col := range core.BackupColumns {
		for _, text := range []string{col.Title, col.Name, col.Key, strings.ToUpper(col.Title), col.Title + " (UTC)"} {
			if got, ok := core.BackupColumns.Heading(text); !ok || got.Name != col.Name {
				t.Errorf("%q is column %v", text, got)
			}
		}
	}
	for _, col := range core.VolumeFields {
		if got, ok := core.VolumeFields.Heading(col.Title); !ok || got.Name != col.Name {
			t.Errorf("%q is column %v", col.Title, got)
		}
	}
	b := open(t, lab)
	for _, verb := range []string{"backups", "volumes"} {
		table := b.ok(verb)
		for _, heading := range headings(table) {
			if got := b.run(verb, "-c", heading); got.code != 0 {
				t.Errorf("%s -c %q: %s", verb, heading, got.err)
			}
		}
	}
}

// headings are those of a table: what two blanks part.
func headings(table string) (out []string) {
	first, _, _ := strings.Cut(table, "\n")
	for _, h := range strings.Split(first, "  ") {
		if h = strings.TrimSpace(h); h != "" {
			out = append(out, h)
		}
	}
	return out
}

// habit is a command line of somebody who comes from the openstack client.
type habit struct {
	line string
	code int
	says string // part of what is printed, or said where code is not 0
}

// newcomer are fifty command lines of somebody who comes from the openstack client and
// types hearth in its place: each does what was meant, or names the way. PLACE is a
// place, ID a backup, VOLUME a volume.
var newcomer = []habit{
	{"backups -f json", 0, `"id": `},
	{"backups -f value -c ID", 0, "ID"},
	{"backups -o value -c 'Fail reason'", 0, ""},
	{"backups -f csv -c Name -c Status", 0, "name,status"},
	{"backups -f yaml", 0, "id: "},
	{"backups --format json", 0, `"id": `},
	{"backups -f table", 0, "Status"},
	{"backups -f status:error", 2, "--filter status:error"},
	{"backups -f shell", 2, "use table, json, yaml, csv or value"},
	{"backups -c 'Created At' -f value", 0, "20"},
	{"backups --all-projects", 0, "Status"},
	{"backups --all-tenants", 0, "Status"},
	{"backups --all-tenants=1", 0, "Status"},
	{"backups --status error", 0, "error"},
	{"backups --name web-root-full -f value -c Name", 0, "web-root-full"},
	{"backups --volume web-root", 0, "web-root"},
	{"backups --volume VOLUME", 0, "Status"},
	{"backups --long", 0, "Container"},
	{"backups --limit 2", 0, "Status"},
	{"backups --marker ID", 2, "reads all pages by itself"},
	{"backups --sort-column size", 0, "Status"},
	{"backups --sort size:desc,name:asc", 0, "Status"},
	{"backups --filters status=error", 2, "--filter status:error"},
	{"backups --fit-width", 2, "fits the terminal by itself"},
	{"backups --debug", 2, "tells the causes"},
	{"backups --insecure", 2, "clouds.yaml"},
	{"backups --os-username admin", 2, "--cloud names the cloud"},
	{"--os-cloud nowhere backups", 2, "nowhere"},
	{"backup list", 0, "Status"},
	{"backup list --long -f json", 0, `"id": `},
	{"backup show ID", 0, "ID"},
	{"backup show ID -f json", 0, `"volume_id": `},
	{"backup show ID -f value -c status", 0, ""},
	{"volume backup list", 0, "Status"},
	{"volume backup list --status error -f value -c ID", 0, ""},
	{"volume backup show ID", 0, "ID"},
	{"volume backup record export ID -f json", 0, "backup_url"},
	{"volume backup record import x y", 2, "hearth import FILE"},
	{"volume backup create --name x VOLUME", 7, "cannot create a backup"},
	{"volume backup delete ID", 7, "cannot delete a backup"},
	{"volume backup restore ID VOLUME", 2, "hearth restore BACKUP --onto VOLUME"},
	{"volume backup set --name x ID", 2, "hearth edit BACKUP"},
	{"volume backup", 2, "list, show, create"},
	{"volume list", 0, "Bootable"},
	{"volume show VOLUME", 0, "VOLUME"},
	{"volume snapshot list", 2, "openstack volume snapshot"},
	{"backup-list", 2, "write hearth backups"},
	{"backup-reset-state ID", 2, "hearth reset BACKUP --state error"},
	{"list", 2, "hearth backups or hearth volumes"},
	{"-V", 0, "hearth version "},
	{"version", 0, "hearth version "},
	{"--version", 0, "hearth version "},
	{"help backup list", 0, "List backups"},
	{"backup list --help", 0, "List backups"},
	{"configuration show", 2, "hearth check"},
}

// testMainHabits runs them by the real binary.
func testMainHabits(t *testing.T, b *binary) {
	if len(newcomer) < 50 {
		t.Errorf("only %d command lines", len(newcomer))
	}
	db := copyOf(t, lab)
	ids := func(verb string) string {
		return b.run(verb, "--store", db, "-o", "value", "-c", "id", "--limit", "1").out[:36]
	}
	as := strings.NewReplacer("ID", ids("backups"), "VOLUME", ids("volumes"))
	if err := os.WriteFile(filepath.Join(b.home, "clouds.yaml"), []byte("clouds: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, h := range newcomer {
		t.Run(h.line, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--store", db}, split(h.line)...)
			for i := range args[2:] {
				if args[i+1] != "-c" {
					args[i+2] = as.Replace(args[i+2])
				}
			}
			got := b.run(args...)
			told := got.out
			if h.code != 0 {
				told = got.err
			}
			want := h.says
			if want == "ID" || want == "VOLUME" {
				want = as.Replace(want)
			}
			if got.code != h.code || !strings.Contains(told, want) || h.code == 0 && strings.Contains(got.err, "hearth: ") {
				t.Errorf("exit %d, says %q, prints %.300q; want %d and %q", got.code, got.err, got.out, h.code, want)
			}
		})
	}
}

// split parts a line at its blanks outside of single quotes.
func split(line string) (out []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}
