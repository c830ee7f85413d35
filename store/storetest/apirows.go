package storetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"hearth/core"
)

// read answers what reads. The API is locked.
func (a *API) read(path string, r *http.Request) (int, any) {
	one := func(of map[string]map[string]any, kind, id string) (int, any) {
		row, ok := of[id]
		if !ok {
			return 404, nil
		}
		if left, ok := row["reads"].(int); ok && kind == "volume" { // a restore that goes on for some reads
			switch row["reads"] = left - 1; left {
			case 1:
				a.restored(row) // before its status says so: metadata is read beside the volume
			case 0:
				row["status"] = "available"
				delete(row, "reads")
			}
		}
		return 200, map[string]any{kind: row}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/limits":
		return 200, map[string]any{"limits": map[string]any{"rate": []any{}, "absolute": map[string]any{}}}
	case path == "/types":
		return 200, map[string]any{"volume_types": []any{map[string]any{"id": "t", "name": "lvm"}}}
	case path == "/types/default":
		return 200, map[string]any{"volume_type": map[string]any{"id": "t", "name": "lvm"}}
	case path == "/os-availability-zone":
		zone := map[string]any{"zoneName": "nova", "zoneState": map[string]any{"available": true}}
		return 200, map[string]any{"availabilityZoneInfo": []any{zone}}
	case path == "/messages":
		return 200, map[string]any{"messages": []any{}}
	case path == "/os-services":
		return 200, map[string]any{"services": []any{map[string]any{"binary": "cinder-backup", "host": "h", "zone": "nova", "status": "enabled",
			"state": "up"}}}
	case parts[0] == "backups" && (len(parts) == 1 || parts[1] == "detail"):
		return 200, map[string]any{"backups": fitting(a.backups, r, a.Driver), "count": len(a.backups)}
	case parts[0] == "volumes" && (len(parts) == 1 || parts[1] == "detail"):
		return 200, map[string]any{"volumes": fitting(a.volumes, r, ""), "count": len(a.volumes)}
	case parts[0] == "backups" && len(parts) == 3 && parts[2] == "export_record" && a.backups[parts[1]] != nil:
		return exported(a.backups[parts[1]])
	case parts[0] == "backups" && len(parts) == 2:
		return one(a.backups, "backup", parts[1])
	case parts[0] == "volumes" && len(parts) == 2:
		return one(a.volumes, "volume", parts[1])
	case parts[0] == "volumes" && len(parts) == 3 && parts[2] == "metadata" && a.volumes[parts[1]] != nil:
		return 200, map[string]any{"metadata": a.volumes[parts[1]]["metadata"]}
	case parts[0] == "types":
		return 200, map[string]any{}
	}
	return 404, nil
}

// restored is what a restore makes of a volume: one that looks made for it gets what
// was captured.
func (a *API) restored(v map[string]any) {
	v["restored"], v["updated_at"] = true, a.now() // its status changed twice
	if strings.HasPrefix(text(v["name"]), "restore_backup_") {
		metadata := v["metadata"].(map[string]any)
		v["name"], v["description"], metadata["a"], metadata["src_backup_id"] = "db", nil, "1", APIBackup
	}
}

// exported is the record of a backup.
func exported(row map[string]any) (int, any) {
	b := core.Backup{ID: core.BackupID(text(row["id"])), VolumeID: core.VolumeID(text(row["volume_id"])), Name: core.Some(text(row["name"])),
		Status: core.StatusAvailable, Service: core.Some("cinder.backup.drivers.posix.PosixBackupDriver")}
	r, err := core.ExportRecord(&b)
	if err != nil {
		return 500, nil
	}
	return 200, map[string]any{"backup-record": map[string]any{"backup_service": r.Service, "backup_url": r.URL}}
}

// fitting are the rows that a query's filters let pass, the newest first.
func fitting(of map[string]map[string]any, r *http.Request, driver string) []any {
	var ids []string
	for id := range of {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	out := []any{}
	for _, id := range ids {
		fits := true
		for key, values := range r.URL.Query() {
			switch key {
			case "limit", "marker", "offset", "all_tenants", "with_count", "sort":
			case "service":
				fits = fits && values[0] == driver
			default:
				text, _ := of[id][key].(string)
				fits = fits && text == values[0]
			}
		}
		if fits {
			out = append(out, of[id])
		}
	}
	return out
}

// write does what a write asks for, and answers as Cinder does. The API is locked.
func (a *API) write(method, path string, sent []byte) (int, any) {
	var body map[string]map[string]any
	json.Unmarshal(sent, &body)
	parts := strings.Split(strings.Trim(path, "/"), "/")
	last := parts[len(parts)-1]
	if parts[0] == "backups" {
		return a.writeBackup(method, parts, last, body)
	}
	if path == "/volumes" {
		v := a.add(a.volumes, a.volume("", text(body["volume"]["name"]), map[string]any{}), "cccccccc")
		told := maps.Clone(v) // as it is asked for: what comes with a backup is put back later
		if _, ok := body["volume"]["backup_id"]; ok {
			v["name"] = "restore_backup_" + APIBackup
			a.restored(v)
		}
		return 202, map[string]any{"volume": told}
	}
	if len(parts) < 2 || a.volumes[parts[1]] == nil {
		return 404, nil
	}
	return a.writeVolume(method, parts, last, body)
}

func (a *API) add(to map[string]map[string]any, row map[string]any, begins string) map[string]any {
	a.n++
	id := fmt.Sprintf("%s-0000-4000-8000-%012d", begins, a.n)
	row["id"], to[id] = id, row
	return row
}

func (a *API) writeBackup(method string, parts []string, last string, body map[string]map[string]any) (int, any) {
	switch {
	case len(parts) == 1:
		b := a.add(a.backups, a.backup("", text(body["backup"]["name"]), text(body["backup"]["volume_id"])), "dddddddd")
		b["description"] = body["backup"]["description"]
		if metadata, ok := body["backup"]["metadata"].(map[string]any); ok {
			b["metadata"] = metadata
		}
		return 202, map[string]any{"backup": map[string]any{"id": b["id"], "name": b["name"]}}
	case last == "import_record":
		doc, _ := base64.StdEncoding.DecodeString(text(body["backup-record"]["backup_url"]))
		var row map[string]any
		json.Unmarshal(doc, &row)
		b := a.backup(text(row["id"]), text(row["display_name"]), text(row["volume_id"]))
		a.backups[text(row["id"])] = b
		return 201, map[string]any{"backup": map[string]any{"id": b["id"], "name": b["name"]}}
	}
	b := a.backups[parts[1]]
	switch {
	case b == nil:
		return 404, nil
	case method == http.MethodDelete:
		delete(a.backups, parts[1])
		return 202, nil
	case method == http.MethodPut:
		for k, v := range body["backup"] {
			b[k] = v
		}
		return 200, map[string]any{"backup": b}
	case last == "restore":
		id, ok := body["restore"]["volume_id"].(string)
		if !ok {
			name := text(body["restore"]["name"])
			if name == "" {
				name = "restore_backup_" + parts[1]
			}
			v := a.add(a.volumes, a.volume("", name, map[string]any{"src_backup_id": parts[1]}), "cccccccc")
			id = text(v["id"])
		}
		a.volumes[id]["status"], a.volumes[id]["reads"] = "restoring-backup", 2
		return 202, map[string]any{"restore": map[string]any{"backup_id": parts[1], "volume_id": id, "volume_name": a.volumes[id]["name"]}}
	case body["os-force_delete"] != nil:
		delete(a.backups, parts[1])
		return 202, nil
	case body["os-reset_status"] != nil:
		b["status"] = body["os-reset_status"]["status"]
		return 202, nil
	}
	return 400, nil
}

func (a *API) writeVolume(method string, parts []string, last string, body map[string]map[string]any) (int, any) {
	v := a.volumes[parts[1]]
	metadata, image := v["metadata"].(map[string]any), v["volume_image_metadata"].(map[string]any)
	switch {
	case method == http.MethodDelete && len(parts) == 2:
		delete(a.volumes, parts[1])
		return 202, nil
	case method == http.MethodDelete:
		delete(metadata, last)
		return 200, nil
	case last == "metadata":
		if method == http.MethodPut {
			v["metadata"] = body["metadata"]
		} else {
			for k, x := range body["metadata"] {
				metadata[k] = x
			}
		}
		return 200, map[string]any{"metadata": v["metadata"]}
	case method == http.MethodPut:
		for k, x := range body["volume"] {
			v[k] = x
		}
		return 200, map[string]any{"volume": v}
	case body["os-set_image_metadata"] != nil:
		set, _ := body["os-set_image_metadata"]["metadata"].(map[string]any)
		for k, x := range set {
			image[k] = x
		}
		return 200, map[string]any{"metadata": image}
	case body["os-unset_image_metadata"] != nil:
		delete(image, text(body["os-unset_image_metadata"]["key"]))
		return 200, nil
	case body["os-set_bootable"] != nil:
		v["bootable"] = fmt.Sprint(body["os-set_bootable"]["bootable"])
		return 200, nil
	}
	return 400, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
