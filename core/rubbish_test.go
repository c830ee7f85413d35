package core_test

import (
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/storetest"
)

// TestFindRecordsRubbish: what 8 MB of anything cost grows as the text does, and no
// faster, and is far below what would keep somebody waiting.
func TestFindRecordsRubbish(t *testing.T) {
	if testing.Short() {
		t.Skip("one case after the other: the race detector has nothing to find in them, and takes long")
	}
	const size = 8 << 20
	for name, unit := range map[string]string{
		"starts": "eyJ", "lines of starts": "eyJhYWFhYW\n", "torn": "e\ny\nJ\n", "bars": "| eyJhIjog | \n",
		"border": "+----", "escapes": "\x1b[0meyJ", "letters": "hello world ", "zero": "\x00", "open strings": "eyJhYWFhYWFhYWFhYWFh",
		"deep": "W1tb", "angle": "> > >\n", "labels": "backup_url: eyJ", "half": "eyAgICAgICAgICAgICAg\n", "high": "\xff\xfe",
	} {
		text := strings.Repeat(unit, size/len(unit))
		part, _ := costOfFinding(text[:len(text)/parts])
		whole, found := costOfFinding(text)
		t.Logf("%-16s %8v, a part %8v, %d found", name, whole.Round(time.Millisecond), part.Round(time.Millisecond), found)
		if most := 4*parts*part + 200*time.Millisecond; whole > most {
			t.Errorf("%s: %v for the whole, and %v for one of %d parts: that grows faster than the text", name, whole, part, parts)
		}
		if whole > 5*time.Second {
			t.Errorf("%s: %v for %d found", name, whole, found)
		}
	}
}

// parts is of how many the text is made that finding is measured on.
const parts = 16

// costOfFinding is what it takes to find the records in a text, computing: what other
// programs take from the machine meanwhile is not counted.
func costOfFinding(text string) (cost time.Duration, found int) {
	begin := storetest.CPU()
	found = len(core.FindRecords(text))
	return storetest.CPU() - begin, found
}
