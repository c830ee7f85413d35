package pyjson

// Python2Keys returns the keys in the order in which a dict of Python 2.7
// (64-bit, hash randomisation off, as it is by default) would give them, had it
// been filled in the order of o. In 2014 this order decided which image metadata
// was already written when a restore failed.
func (o *Object) Python2Keys() []string {
	t := newHashTable(8)
	used := 0
	for _, k := range o.Keys() {
		t.insert(k, hash2(k))
		if used++; used*3 >= len(t.slots)*2 {
			grow := 4 * used
			if used > 50000 {
				grow = 2 * used
			}
			t = t.resized(grow)
		}
	}
	keys := make([]string, 0, used)
	for _, s := range t.slots {
		if s.used {
			keys = append(keys, s.key)
		}
	}
	return keys
}

// hashTable is the open addressing of CPython 2.7's Objects/dictobject.c.
type hashTable struct{ slots []hashSlot }

type hashSlot struct {
	key  string
	hash uint64
	used bool
}

func newHashTable(size int) hashTable { return hashTable{make([]hashSlot, size)} }

func (t hashTable) insert(key string, hash uint64) {
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for perturb := hash; t.slots[i&mask].used; perturb >>= 5 {
		i = i<<2 + i + perturb + 1
	}
	t.slots[i&mask] = hashSlot{key, hash, true}
}

func (t hashTable) resized(more int) hashTable {
	size := 8
	for size <= more {
		size <<= 1
	}
	n := newHashTable(size)
	for _, s := range t.slots {
		if s.used {
			n.insert(s.key, s.hash)
		}
	}
	return n
}

// hash2 is CPython 2.7's hash of a str or (wide) unicode object.
func hash2(s string) uint64 {
	if s == "" {
		return 0
	}
	var h uint64
	n := uint64(0)
	for len(s) > 0 {
		r, w := DecodeRune(s)
		if n == 0 {
			h = uint64(r) << 7
		}
		h = 1000003*h ^ uint64(r)
		s, n = s[w:], n+1
	}
	h ^= n
	if h == ^uint64(0) {
		h--
	}
	return h
}
