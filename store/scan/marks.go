package scan

import (
	"sync"

	"hearth/core"
)

// Assumed is the word on a field that is likely, and not known.
func Assumed(field, why string) core.Mark {
	return core.Mark{Field: field, State: core.MarkAssumed, Why: why}
}

// Lost is the word on a field that the repository does not hold.
func Lost(field, why string) core.Mark {
	return core.Mark{Field: field, State: core.MarkLost, Why: why}
}

// Words of all drivers alike.
const importers = "an import makes it the importer's"

// OfVolume and OfNobody say whose a backup is: its volume's owner's, or that nothing tells.
var (
	OfVolume = []core.Mark{Assumed("user_id", "the volume's; "+importers), Assumed("project_id", "the volume's; "+importers)}
	OfNobody = []core.Mark{Lost("user_id", "no capture tells it; "+importers), Lost("project_id", "no capture tells it; "+importers)}
)

// KeyOfVolume and KeyUnknown say why there is no key in a row.
var (
	KeyOfVolume = []core.Mark{Lost("encryption_key_id",
		"the volume was encrypted; its capture has the volume's key, which may be gone with the volume, and not the backup's own copy")}
	KeyUnknown = []core.Mark{Lost("encryption_key_id", "without a capture it is not known whether the volume was encrypted")}
)

// Rest is what is only in the database, wherever the backup lies.
var Rest = []core.Mark{
	Lost("metadata", "the backup's own properties are only in the database"),
	Lost("snapshot_id", "only in the database"),
	Lost("restore_volume_id", "only in the database"),
	Assumed("fail_reason", "a finished backup has none, as a rule; what there may be is only in the database"),
	Lost("temp_volume_id", "only in the database"),
	Lost("temp_snapshot_id", "only in the database"),
	Lost("updated_at", "only in the database"),
}

// Marks are the words that a driver has on the fields of its rows, a bit each, so that
// very many rows share the few lists of marks that there are.
type Marks struct {
	Table []Words
	// Also names columns that are not seen where a field is lost, by the field.
	Also map[string]string

	mu     sync.Mutex // guards what follows: the lists that there are, by their bits
	marks  map[uint32][]core.Mark
	unseen map[uint32]core.FieldSet
}

// Words are what a bit says.
type Words struct {
	Bit    uint32
	Marks  []core.Mark
	Unseen []string // columns of lists that are not seen besides
}

// Of returns the marks of a set of bits, in the order of the table, and the fields that
// are lost. Both are shared: nobody changes them.
func (m *Marks) Of(bits uint32) ([]core.Mark, core.FieldSet) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if out, ok := m.marks[bits]; ok {
		return out, m.unseen[bits]
	}
	var out []core.Mark
	unseen := core.FieldSet{}
	for _, t := range m.Table {
		if bits&t.Bit == 0 {
			continue
		}
		out = append(out, t.Marks...)
		for _, name := range t.Unseen {
			unseen[name] = true
		}
		for _, mark := range t.Marks {
			if mark.State != core.MarkLost {
				continue
			}
			unseen[mark.Field] = true
			if name := m.Also[mark.Field]; name != "" {
				unseen[name] = true
			}
		}
	}
	if m.marks == nil {
		m.marks, m.unseen = map[uint32][]core.Mark{}, map[uint32]core.FieldSet{}
	}
	m.marks[bits], m.unseen[bits] = out, unseen
	return out, unseen
}

const gib = 1 << 30

// CeilGiB is a number of bytes in GiB, rounded up.
func CeilGiB(n int64) int64 { return n/gib + min(n%gib, 1) }
