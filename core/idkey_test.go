package core

import "testing"

// TestIDKey: a UUID comes back from its key, what is nearly one has a key of its own, and no
// two ids share one.
func TestIDKey(t *testing.T) {
	seen := map[IDKey]string{}
	for id, uuid := range map[string]bool{
		"0123a567-89ab-4cde-8f01-23456789abcd":  true,
		"0123a567-89ab-4cde-8f01-23456789abce":  true,
		"00000000-0000-0000-0000-000000000000":  true,
		"ffffffff-ffff-ffff-ffff-ffffffffffff":  true,
		"0123A567-89ab-4cde-8f01-23456789abcd":  false,
		"0123a567-89ab-4cde-8f01-23456789abcg":  false,
		"0123a56789ab-4cde-8f01-23456789abcd--": false,
		"0123a567-89ab-4cde-8f01-23456789abcd ": false,
		"0123a567-89ab-4cde-8f01-23456789abc":   false,
		"":                                      false, "volume-1": false,
	} {
		k, ok := KeyOf(id)
		if ok != uuid || uuid && k.UUID() != id {
			t.Errorf("the key of %q gives %q back, and says %v", id, k.UUID(), ok)
		}
		if other, twice := seen[k]; twice {
			t.Errorf("%q and %q share a key", id, other)
		}
		seen[k] = id
	}
}
