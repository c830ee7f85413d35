package verbs

import (
	"slices"
	"strings"
	"testing"

	"hearth/store"
)

// offers asks for completions as a shell does.
func (b *bench) offers(args ...string) []string {
	b.t.Helper()
	lines := strings.Split(strings.TrimSpace(b.ok(append([]string{"__completeNoDesc"}, args...)...)), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, ":") {
		b.t.Fatalf("%q: no directive: %q", args, lines)
	}
	return lines[:len(lines)-1]
}

func TestCompletion(t *testing.T) {
	b := open(t, lab)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"volume", "cf635"}, "cf635c83-1d0a-40a7-813b-3835378bec36"},
		{[]string{"volume", "web-"}, "web-root"},
		{[]string{"volume", "vault"}, ""}, // its name needs quotes
		{[]string{"volume", "web-root", ""}, ""},
		{[]string{"capture", "db-prod-p"}, "db-prod-primary"},
		{[]string{"backup", "db-prod-incr"}, "db-prod-incr-3 db-prod-incr-2 db-prod-incr-1"},
		{[]string{"export", "demo-incr", "demo-b"}, "demo-backup"},
		{[]string{"plan", "demo-i"}, "demo-incr"},
		{[]string{"plan", "demo-incr", "--onto", "web"}, "web-root"},
		{[]string{"plan", "demo-incr", "--rules", ""}, "auto icehouse kilo newton"},
		{[]string{"plan", "demo-incr", "--layers", ""}, "auto all last"},
		{[]string{"apply", "demo-incr", "--onto=cf63"}, "cf635c83-1d0a-40a7-813b-3835378bec36"},
		{[]string{"backups", "-o", ""}, "table json yaml csv value"},
		{[]string{"plan", "-o", ""}, "table json yaml"},
		{[]string{"export", "-o", ""}, "json command openstack text"},
		{[]string{"help", "expo"}, "export"},
		{[]string{"expo"}, "export"},
		{[]string{"backups", ""}, ""},
	} {
		got := b.offers(c.args...)
		if c.args[0] == "help" { // a shell leaves out what does not fit
			got = slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "expo") })
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
	if got := b.offers("backup", ""); len(got) != 34 || got[0] != "a33bb3c7-a651-4116-afcd-6808ed6ac6f5" {
		t.Errorf("%d backups, the first %s", len(got), got[0])
	}
	if got := b.offers("backups", "--sort", ""); !slices.Contains(got, "size") {
		t.Errorf("columns %q", got)
	}
}

// TestCompletionOfEntries offers what can be undone.
func TestCompletionOfEntries(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	volume := ids(b.list("volumes", "-o", "json"))[0]
	for _, tier := range []string{"gold", "tin"} { // what changes nothing is no entry
		b.in = `{"version": 1, "volume-metadata": {"tier": "` + tier + `"}}`
		b.ok("apply", "--capture", "-", "--onto", volume, "--yes")
	}
	b.ok("undo", "2", "--yes")
	if got := b.offers("undo", ""); !slices.Equal(got, []string{"3", "1"}) {
		t.Errorf("%q", got)
	}
}

// TestCompletionWithoutPlace is silent.
func TestCompletionWithoutPlace(t *testing.T) {
	b := on(t, failing{nil, errNoReader})
	if got := b.offers("backup", ""); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
