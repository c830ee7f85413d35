package cinder

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
)

// TestOddValues: a value of another kind than Cinder sends is shown as it came, in a list and
// alone, and takes neither its row's other values nor the other rows away.
func TestOddValues(t *testing.T) {
	const odd = `{"id": "b2", "name": 5, "status": "error", "size": "ten", "created_at": "yesterday", "is_incremental": "maybe",
		"volume_id": "v", "object_count": 3}`
	c := newCloud(t)
	c.on("GET /backups/detail", reply200(`{"backups": [{"id": "b1", "name": "good", "status": "available", "size": 7}, `+odd+`,
		{"id": "b3", "status": "available", "size": 9}], "count": 3}`))
	c.on("GET /backups/b2", reply200(`{"backup": `+odd+`}`))
	c.on("GET /volumes/detail", reply200(`{"volumes": [{"id": "v1", "size": "2", "bootable": true},
		{"id": "v2", "size": 3, "bootable": "true"}]}`))
	p := c.direct()
	page, err := p.Backups(t.Context(), core.Query{})
	if err != nil || len(page.Rows) != 3 {
		t.Fatalf("%d rows, %v", len(page.Rows), err)
	}
	alone, err := p.Backup(t.Context(), "b2")
	if err != nil {
		t.Fatal(err)
	}
	for where, b := range map[string]core.Backup{"in a list": byID(page.Rows, "b2"), "alone": alone, "kept": again(page.Rows, "b2")} {
		o := core.BackupColumns.Object(&b, b.Unseen)
		for key, want := range map[string]string{"name": "5", "size": `"ten"`, "created_at": `"yesterday"`, "is_incremental": `"maybe"`,
			"status": `"error"`, "object_count": "3"} {
			if v, _ := o.Get(key); pyjson.Text(v) != want {
				t.Errorf("%s: %s is %s, want %s", where, key, pyjson.Text(v), want)
			}
		}
		if keys := strings.Join(b.Odd.Keys(), " "); keys != "created_at is_incremental name size" {
			t.Errorf("%s: odd are %s", where, keys)
		}
	}
	if b := byID(page.Rows, "b1"); b.Size != 7 || b.Odd != nil {
		t.Errorf("a row beside it: %+v", b)
	}
	volumes, err := p.Volumes(t.Context(), core.Query{})
	if err != nil || len(volumes.Rows) != 2 {
		t.Fatalf("%d volumes, %v", len(volumes.Rows), err)
	}
	for _, v := range volumes.Rows {
		if keys := strings.Join(v.Odd.Keys(), " "); v.ID == "v1" && keys != "bootable size" || v.ID == "v2" && keys != "" {
			t.Errorf("%s: odd are %s", v.ID, keys)
		}
	}
}

func byID(rows []core.Backup, id core.BackupID) core.Backup {
	for _, b := range rows {
		if b.ID == id {
			return b
		}
	}
	return core.Backup{}
}

// again is a row as a kept list gives it back.
func again(rows []core.Backup, id core.BackupID) core.Backup {
	b := byID(rows, id)
	row := rowOf(&b)
	return row.backup(newest, false)
}
