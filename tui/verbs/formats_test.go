package verbs

import (
	"encoding/csv"
	"os/exec"
	"strings"
	"testing"

	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/storetest/race"
)

// TestFormats prints rows and objects of a real Cinder's database in every format.
func TestFormats(t *testing.T) {
	b := open(t, lab)
	for name, args := range map[string][]string{
		"volumes.table":     {"volumes"},
		"volumes.csv":       {"volumes", "-o", "csv"},
		"volumes.value":     {"volumes", "-o", "value"},
		"volumes.json":      {"volumes", "-o", "json", "--limit", "2"},
		"volumes.yaml":      {"volumes", "-o", "yaml", "--limit", "2"},
		"backups.table":     {"backups"},
		"backups.csv":       {"backups", "-o", "csv", "--filter", "kind:incr"},
		"backups.value":     {"backups", "-o", "value", "-c", "id,kind,created"},
		"backups.json":      {"backups", "-o", "json", "-c", "id,name,kind", "--filter", "stuck"},
		"backups.yaml":      {"backups", "-o", "yaml", "--filter", "name:demo-incr"},
		"backup.table":      {"backup", "db-prod-incr-3"},
		"backup.json":       {"backup", "db-prod-incr-3", "-o", "json"},
		"backup.yaml":       {"backup", "db-prod-incr-3", "-o", "yaml"},
		"backup.csv":        {"backup", "db-prod-incr-3", "-o", "csv"},
		"backup.value":      {"backup", "db-prod-incr-3", "-o", "value"},
		"volume.table":      {"volume", "eb5e5cff"},
		"volume.json":       {"volume", "eb5e5cff", "-o", "json"},
		"plan.table":        {"plan", "db-prod-incr-3", "--onto", "restore-target", "--all"},
		"plan.json":         {"plan", "db-prod-incr-3", "--new", "-o", "json"},
		"plan.yaml":         {"plan", "web-root-full", "--new", "again", "-o", "yaml"},
		"capture.json":      {"capture", "web-root"},
		"capture-1.json":    {"capture", "web-root", "--version", "1"},
		"export.text":       {"export", "demo-incr", "-o", "text", "--chain"},
		"export.command":    {"export", "demo-incr", "-o", "command"},
		"export.openstack":  {"export", "demo-incr", "-o", "openstack"},
		"export.json":       {"export", "demo-incr"},
		"export-chain.json": {"export", "demo-incr", "--chain"},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			run := b.ok
			if args[0] == "plan" {
				run = b.plans
			}
			golden(t, name, b.placeless(run(args...)))
		})
	}
	b.t = t
	for name, width := range map[string]int{"80": 80, "60": 60, "120": 120} {
		b.env.Width = width
		golden(t, "volumes-"+name+".table", b.ok("volumes"))
		golden(t, "backups-"+name+".table", b.ok("backups", "--limit", "12"))
		golden(t, "backup-"+name+".table", b.ok("backup", "db-prod-incr-3"))
		golden(t, "plan-"+name+".table", b.placeless(b.plans("plan", "db-prod-incr-3", "--new")))
	}
}

// placeless hides where the place is.
func (b *bench) placeless(s string) string {
	return strings.ReplaceAll(s, b.desk.Place.Info().Location, "sqlite:lab.sqlite")
}

// pair is what was printed as JSON, and the same as YAML.
func pair(asJSON, asYAML string) pyjson.Value {
	return pyjson.OfList([]pyjson.Value{pyjson.OfString(asJSON), pyjson.OfString(asYAML)})
}

// TestYAMLSaysWhatJSONSays asks Python, as its YAML is what reads such output.
func TestYAMLSaysWhatJSONSays(t *testing.T) {
	race.Once(t)
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import yaml").Run() != nil {
		t.Skip("there is no python3 with yaml")
	}
	own, file := demo(t, store.World{})
	change(t, file, `UPDATE volume_metadata SET value = '1e3: # - no' WHERE id % 3 = 0`,
		`UPDATE volume_metadata SET "key" = 'yes' WHERE id % 7 = 0`)
	var docs []pyjson.Value
	for _, b := range []*bench{open(t, lab), own} {
		full := b.ok("backups", "-o", "value", "-c", "id", "--limit", "1", "--filter", "kind:full status:available")[:36]
		calls := [][]string{{"volumes"}, {"backups"}, {"journal"}, {"plan", full, "--new", "a: b"}}
		for _, id := range ids(b.list("volumes", "-o", "json")) {
			calls = append(calls, []string{"volume", id})
		}
		for _, args := range calls {
			if args[0] == "journal" && b != own {
				continue // it has none without an archive
			}
			run := b.ok
			if args[0] == "plan" {
				run = b.plans
			}
			docs = append(docs, pair(run(append(args, "-o", "json")...), run(append(args, "-o", "yaml")...)))
		}
	}
	odd := parse(t, `{"a": [[], {}, [1, [2.0, 1e+16, 1e-7, NaN, Infinity, -Infinity]], {"b": {"c": [{"d": null}, {}]}}], `+
		`"": "", "no": "no", "1": "1", "y": "\ud83d\ude00 \ud800 \u0085 \u2028 \u0000", "~": "~", "x\ny": " - ", `+
		`"big": 123456789012345678901234567890, "`+strings.Repeat("long ", 500)+`": {"`+strings.Repeat("k", 1025)+`": [1, {"a": 2}]}}`)
	docs = append(docs, pair(pyjson.Text(odd), pyjson.YAML(odd)))
	docs = append(docs, pair(pyjson.Text(pyjson.OfList([]pyjson.Value{odd, odd})), pyjson.YAMLItem(odd)+pyjson.YAMLItem(odd)))
	cmd := exec.Command(python, "-c", `
import json, sys, yaml
docs = json.load(sys.stdin)
for j, y in docs:
    a, b = json.loads(j), yaml.safe_load(y)
    if repr(a) != repr(b):
        sys.exit("%s\n%s" % (j, y))
print(len(docs))`)
	cmd.Stdin = strings.NewReader(pyjson.Text(pyjson.OfList(docs)))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestCSVParsesBack: names that need quotes, bare and made visible.
func TestCSVParsesBack(t *testing.T) {
	b, file := demo(t, store.World{Volumes: 2, Backups: -1})
	hostile := "a,\"b\"\n\x1b[31m;'c' "
	change(t, file, `UPDATE volumes SET display_name = 'a,"b"' || char(10) || char(27) || '[31m;''c'' '`)
	for name, c := range map[string]struct {
		want string
		args []string
	}{
		"visible": {`a,"b"\n\x1b[31m;'c' `, nil},
		"raw":     {hostile, []string{"--raw"}},
	} {
		text := b.ok(append([]string{"volumes", "-o", "csv", "-c", "name,size,bootable,id"}, c.args...)...)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 3 || rows[1][0] != c.want || strings.Join(rows[0], " ") != "name size bootable id" {
			t.Errorf("%s: %q, %v", name, rows, err)
		}
	}
	if got := b.ok("volumes", "-o", "value", "-c", "name", "--raw", "--limit", "1"); got != hostile+"\n" {
		t.Errorf("raw value %q", got)
	}
	got := b.ok("volume", b.ok("volumes", "-o", "value", "-c", "id", "--limit", "1")[:36], "-o", "csv", "-c", "name,size,metadata")
	rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][0] != "name" || rows[1][0] != `a,"b"\n\x1b[31m;'c' ` || !strings.HasPrefix(rows[1][2], "{") {
		t.Errorf("an object as csv: %q, %v", rows, err)
	}
}

// TestColumns: -c takes column names, API names and aliases, in its own order.
func TestColumns(t *testing.T) {
	b := open(t, lab)
	for _, args := range [][]string{{"-c", "kind,name"}, {"-c", "is_incremental", "-c", "name"}, {"-c", "incremental, name"}} {
		if got := b.ok(append([]string{"backups", "-o", "value", "--filter", "name:demo-incr"}, args...)...); got != "incr\tdemo-incr\n" {
			t.Errorf("%q: %q", args, got)
		}
	}
	got := b.ok("backup", "demo-incr", "-o", "value", "-c", "volume,parent_id,size")
	if got != "demo-vol\ne7a6bed1-1e93-4e82-8349-ba1adbfa832c\n1\n" {
		t.Errorf("fields of a backup %q", got)
	}
	got = b.ok("backup", "demo-incr", "-o", "json", "-c", "volume,size")
	if got != "{\n  \"volume_name\": \"demo-vol\",\n  \"size\": 1\n}\n" {
		t.Errorf("fields of a backup as JSON %q", got)
	}
	if got := b.run("backup", "demo-incr", "-c", "no-such"); got.code != 2 ||
		!strings.Contains(got.err, "there is no such field; use some of name, status,") {
		t.Errorf("%+v", got)
	}
	// -c goes for JSON too, under API names.
	got = b.ok("backups", "-o", "json", "-c", "kind,name", "--filter", "name:demo-incr")
	if got != "[\n  {\"is_incremental\": true, \"name\": \"demo-incr\"}\n]\n" {
		t.Errorf("%q", got)
	}
}

// TestNothingToList: machines get an empty list, people are told.
func TestNothingToList(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: -1, Backups: -1})
	for args, want := range map[string]string{
		"volumes -o json": "[]\n", "backups -o yaml": "[]\n", "journal -o json": "[]\n",
		"volumes -o csv": "id,name,status,size,bootable,backups,last-backup,created\n", "backups -o value": "",
		"volumes -c name": "Name\n", "journal -c id,who": "Entry  Who\n",
	} {
		got := b.run(strings.Fields(args)...)
		if got.out != want || got.code != 0 {
			t.Errorf("%s: %+v", args, got)
		}
		if talks := got.err != ""; talks != !strings.Contains(args, "-o") {
			t.Errorf("%s: says %q", args, got.err)
		}
	}
	if got := b.run("volumes", "--filter", "name:x"); got.err != "There is no volume that fulfils the filter.\n" {
		t.Errorf("%+v", got)
	}
}
