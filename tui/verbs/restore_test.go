package verbs

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// TestRestoreSays: the question names the way, what is not known is told before it, and
// what cannot be is refused before anything is made.
func TestRestoreSays(t *testing.T) {
	second, full := string(storetest.Second), string(storetest.Full)
	for what, x := range map[string]struct {
		turn func(*memory.Cloud)
		args []string
		code int
		says []string
	}{
		"an incremental": {nil, []string{"restore", second, "--new"}, 130,
			[]string{"The way: hearth makes the volume, and Cinder writes it whole",
				"thin pools fill", "brings old data back in Cinder 22 to 28", "Restore this backup to a new volume?"}},
		"a full one": {nil, []string{"restore", full, "--new"}, 130, []string{"The way: Cinder makes the volume and leaves zeros out"}},
		"a guessed parent": {func(c *memory.Cloud) { c.Guesses(storetest.Second) }, []string{"restore", second, "--new"}, 130,
			[]string{"! Whether it can be restored is not certain: the API does not name the parent"}},
		"no quota": {func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"gigabytes": {Limit: 100}}) },
			[]string{"restore", second, "--new"}, 6, []string{"leaves 100 GiB, and the volume takes 500", "delete something"}},
		"no service": {func(c *memory.Cloud) { c.Serves() }, []string{"restore", second, "--new"}, 9, []string{"no backup service"}},
	} {
		b, c := cloud(t)
		if x.turn != nil {
			x.turn(c)
		}
		b.env.Asks, b.in = true, "n\n"
		got := b.run(x.args...)
		if got.code != x.code || asked(c, "MakeVolume")+asked(c, "RestoreBackup") > 0 {
			t.Errorf("%s: %+v", what, got)
		}
		said := strings.Join(strings.Fields(got.err), " ") // whatever its lines
		for _, part := range x.says {
			if !strings.Contains(said, part) {
				t.Errorf("%s: %q is not in %q", what, part, said)
			}
		}
	}
}
