package core

import (
	"testing"

	"hearth/core/pyjson"
)

// TestHiddenKeyArrives: the key that the API never shows is no difference, where it is asked what
// arrived of a record and what came of a restore; another key that is gone is one.
func TestHiddenKeyArrives(t *testing.T) {
	const another = "11111111-2222-3333-4444-555555555555"
	for key, hidden := range map[string]bool{fixedKey: true, another: false} {
		row := &pyjson.Object{}
		row.Set("encryption_key_id", pyjson.OfString(key))
		it := ImportItem{Row: row}
		if differs := it.Arrived(&Backup{}); (len(differs) == 0) != hidden {
			t.Errorf("%s arrived: %q", key, differs)
		}
		p := &Plan{After: State{EncryptionKeyID: pyjson.OfString(key), Metadata: &pyjson.Object{}, Image: &pyjson.Object{}}}
		for _, f := range CompareRestore(p, &Backup{}, &Volume{}) {
			if want := map[bool]Came{true: CameUnknown, false: CameNot}[hidden]; f.Name == "encryption_key_id" && f.Came != want {
				t.Errorf("%s after a restore: %+v", key, f)
			}
		}
	}
}
