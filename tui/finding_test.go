package tui

import (
	"strings"
	"testing"

	"hearth/tui/ui"
)

// TestCopyOfDetails: y in what is opened offers all that it does in a list, with the field first.
func TestCopyOfDetails(t *testing.T) {
	b := &board{desk: &desk{}}
	r := newRigWith(t, sharedDemo(t), 100, 30, Options{Clipboard: b.clipboard()})
	for screen, id := range map[string]string{"backup": fullID(t, "backup", dbBackup), "volume": fullID(t, "volume", "wiki-data")} {
		for _, tab := range []string{"", "capture"} {
			r.send(ui.Open{Screen: screen, ID: id, Tab: tab})
			r.press("y").want("> The field under the cursor", "The id", "The row as JSON", "The row as YAML",
				"The command that shows it", "Look at the row")
			if r.press("down", "enter").said(ui.LevelGood, "the id"); b.desk.text != id {
				t.Errorf("%s %s: copied is %q", screen, tab, b.desk.text)
			}
		}
	}
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "record"})
	r.press("y").want("The row as JSON").press("esc")
}

// TestFindInQuestions: / goes through what a question says, however long, and answers nothing.
func TestFindInQuestions(t *testing.T) {
	r := openOn("backup", dbBackup, "restore", "P")(t, 80, 24)
	if _, ok := r.Dialog().(*ui.QuestionBox); !ok {
		t.Fatalf("the dialog is a %T", r.Dialog())
	}
	r.press("/").typeText("in a shell").want("match 1 of").press("enter")
	if !strings.Contains(r.View().Content, "\x1b[4min a shell\x1b[24m") {
		t.Error("the match is not lit")
	}
	r.want("> No (n)").press("/").typeText("zzzz").want("! it is nowhere here").press("esc").want("> No (n)")
	if r.press("n").said(ui.LevelInfo, "Nothing was done"); r.Dialog() != nil {
		t.Error("it is not answered")
	}
}

// TestFilterOfCopy: / filters both sides of a copy as one types, and Esc shows all again.
func TestFilterOfCopy(t *testing.T) {
	r := betweenOn("lab", toLab2...)(t, 160, 30)
	if r.Screen() != "copy" {
		t.Fatalf("this is %s", r.Screen())
	}
	r.want("web-root").press("/").typeText("nam:x").want("! there is no column nam").press("esc")
	r.press("/").typeText("db-prod").want("here, ").wantNot("web-root").press("enter").want("filter db-prod").wantNot("web-root")
	r.press("esc").want("web-root").wantNot("filter db-prod")
}
