package core

import (
	"time"

	"hearth/core/pyjson"
)

// HoldingColumns is what is known about a thing that lies in a repository.
var HoldingColumns = Columns[Holding]{
	{Name: "kind", Key: "kind", Title: "Kind", Kind: WordColumn,
		Value: func(h *Holding) pyjson.Value { return pyjson.OfString(string(h.Kind)) }},
	{Name: "id", Key: "backup_id", Title: "Backup", Kind: IDColumn,
		Value: func(h *Holding) pyjson.Value { return idValue(h.ID) }},
	{Name: "name", Key: "name", Title: "Name",
		Value: func(h *Holding) pyjson.Value { return idValue(h.Backup.Name.Or("")) }},
	{Name: "volume-id", Key: "volume_id", Title: "Volume ID", Kind: IDColumn,
		Value: func(h *Holding) pyjson.Value { return idValue(h.VolumeID) }},
	{Name: "began", Key: "began_at", Title: "Began", Kind: TimeColumn,
		Value: func(h *Holding) pyjson.Value { return utcValue(h.Began) }},
	{Name: "objects", Key: "objects", Title: "Chunks", Kind: NumberColumn,
		Value: func(h *Holding) pyjson.Value { return pyjson.OfInt(h.Objects) }},
	{Name: "bytes", Key: "bytes", Title: "Bytes", Kind: NumberColumn,
		Value: func(h *Holding) pyjson.Value { return pyjson.OfInt(h.Bytes) }},
	{Name: "written", Key: "written_by", Title: "Written by",
		Value: func(h *Holding) pyjson.Value { return idValue(h.Backup.Layout.Writer()) }},
	{Name: "problem", Key: "problem", Title: "Problem",
		Value: func(h *Holding) pyjson.Value { return idValue(h.Problem) }},
	{Name: "container", Key: "container", Title: "Container",
		Value: func(h *Holding) pyjson.Value { return idValue(h.Container) }},
	{Name: "prefix", Key: "prefix", Title: "Prefix",
		Value: func(h *Holding) pyjson.Value { return idValue(h.Prefix) }},
}

// utcValue is a nullable time in UTC.
func utcValue(t Opt[time.Time]) pyjson.Value {
	return timeValue(Opt[time.Time]{V: t.V.UTC(), Set: t.Set})
}
