package verbs

import (
	"path/filepath"
	"strings"
	"testing"

	"hearth/store"
)

// era is a bench at a repository that a release of Cinder wrote.
func era(t *testing.T, name string) *bench {
	t.Helper()
	dir := filepath.Join("..", "..", "testdata", "repository", "eras", name, "repo")
	p, err := store.Open(t.Context(), store.Location{Scheme: "posix", Rest: dir}, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return on(t, p)
}

// TestEraSaid: what today's Cinder makes of an old backup is said wherever one meets it.
func TestEraSaid(t *testing.T) {
	const says = "a Cinder of today puts each chunk one too far"
	for name, id := range map[string]string{"havana": "2d45c3b9", "juno": "", "kilo": "", "ocata-posix": ""} {
		b := era(t, name)
		wrong := name == "havana" || name == "juno"
		if id == "" {
			id = strings.Fields(b.run("backups", "-o", "value", "-c", "id").out)[0]
		}
		exit := map[bool]int{true: 6, false: 0}[wrong]
		for args, code := range map[string]int{"backups": 0, "backups -o json": 0, "inventory": 0, "export " + id: 0,
			"plan --new x " + id: exit, "verify": map[bool]int{true: 8}[wrong]} {
			got := b.run(strings.Fields(args)...)
			if got.code != code && !(strings.HasPrefix(args, "plan --new") && !wrong && got.code == 13) {
				t.Errorf("%s: %s ends with %d, want %d: %s", name, args, got.code, code, got.err)
			}
			if said := strings.Contains(strings.Join(strings.Fields(got.out+got.err), " "), says); said != wrong {
				t.Errorf("%s: %s says %+v", name, args, got)
			}
		}
		if got := b.run("plan", "--new", "x", "--rules", "icehouse", id); wrong && got.code == 6 {
			t.Errorf("%s: a Cinder of 2014 restores it rightly: %+v", name, got)
		}
		for _, o := range b.list("inventory", "-o", "json") {
			if by, _ := o.Get("written_by"); by.Text() == "" {
				t.Errorf("%s: %v", name, o)
			}
		}
	}
}
