package core

import (
	"strings"
	"testing"
)

// TestLayoutReasons: what is known of how a backup was written decides whether it can be
// restored, as far as it does: by any Cinder, by one of today, by the release at hand.
func TestLayoutReasons(t *testing.T) {
	t.Parallel()
	wrong := &Layout{Releases: "Havana", Wrong: "it comes out wrong", Next: "do this"}
	unclear := &Layout{Unclear: "it fits nothing"}
	stops := &Layout{Stops: "Cinder 18.0 to 22.1 cannot restore it", Next: "do that"}
	for _, x := range []struct {
		layout  *Layout
		rules   RuleSet
		version string
		code    string
		answer  Answer
	}{
		{nil, Newton, "", "", ""},
		{&Layout{Releases: "Pike"}, Newton, "", "", ""},
		{wrong, Newton, "3.71", ReasonLayoutWrong, AnswerNo},
		{wrong, Icehouse, "", "", ""},
		{unclear, Newton, "3.71", ReasonLayoutUnknown, AnswerUnknown},
		{unclear, Icehouse, "", ReasonLayoutUnknown, AnswerUnknown},
		{stops, Newton, "", ReasonLayoutRelease, AnswerUnknown},
		{stops, Newton, "3.70", ReasonLayoutRelease, AnswerUnknown},
		{stops, Newton, "3.71", "", ""},
		{stops, Newton, "3.72", "", ""},
		{stops, Icehouse, "", "", ""},
	} {
		got := LayoutReasons([]Backup{{ID: "a", Name: Some("mine"), Layout: x.layout}}, x.rules, x.version)
		if len(got) == 0 && x.code == "" {
			continue
		}
		if len(got) != 1 || got[0].Code != x.code || got[0].Answer != x.answer || got[0].Next != x.layout.Next ||
			!strings.Contains(got[0].Text, "mine") || !strings.Contains(got[0].Text, x.layout.Says()) {
			t.Errorf("%+v under %s, %q: %+v", x.layout, x.rules, x.version, got)
		}
	}
}
