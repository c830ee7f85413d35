package verbs

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/storetest"
)

// TestIdiom: of all that core and the jobs leave to the faces the verbs say in words of their
// own what to do, and of nothing else.
func TestIdiom(t *testing.T) {
	all := storetest.Dos(t, "../../core/idiom.go")
	known := map[string]bool{}
	for name, do := range all {
		if known[do] = true; idiom[do] == nil {
			t.Errorf("the verbs have no words for %s", name)
		}
	}
	for do := range idiom {
		if !known[do] {
			t.Errorf("core never says %q", do)
		}
	}
	e := core.Fail(core.CodeRefused, "apply the plan", "the API refuses them", core.DoLeaveOut, nil)
	e.With = []string{"name", "metadata it's"}
	if got := told(e); got != `cannot apply the plan: the API refuses them; leave it out: --leave-out name --leave-out 'metadata it'\''s'` {
		t.Error(got)
	}
	if got := idiom.Next(core.DoServiceOwn, "swift"); got != "--service swift takes the other" || strings.HasPrefix(got, " ") {
		t.Error(got)
	}
}
