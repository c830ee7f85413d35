package cinder

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"hearth/core"
)

// of gives the cloud a token with roles.
func (c *cloud) of(roles ...string) *cloud {
	var doc map[string]map[string]json.RawMessage
	json.Unmarshal([]byte(c.token), &doc)
	doc["token"]["roles"] = json.RawMessage(`[{"name": "` + strings.Join(roles, `"}, {"name": "`) + `"}]`)
	b, _ := json.Marshal(doc)
	c.token = string(b)
	return c
}

// TestMakeVolume: a volume is asked for once; after a lost answer it is looked for, and
// what was there before is not taken for it.
func TestMakeVolume(t *testing.T) {
	lost := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGatewayTimeout) }
	request := core.VolumeRequest{Name: "restore_backup_b1", Description: "d", Size: 3, Type: "LUKS", AvailabilityZone: "west"}
	for name, x := range map[string]struct {
		answer http.HandlerFunc
		comes  bool
		want   core.MadeVolume
		code   core.Code
	}{
		"made":        {took(202, `{"volume": {"id": "new"}}`), true, core.MadeVolume{ID: "new"}, ""},
		"lost":        {lost, true, core.MadeVolume{ID: "new", Inferred: true}, ""},
		"never there": {lost, false, core.MadeVolume{}, core.CodeUnavailable},
		"over quota": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(413)
			fmt.Fprint(w, `{"overLimit": {"code": 413, "message": "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded."}}`)
		}, true, core.MadeVolume{}, core.CodeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := newCloud(t), false
			c.on("POST /volumes", func(w http.ResponseWriter, r *http.Request) {
				want(t, "sent", sent(t, r), `{"volume":{"availability_zone":"west","description":"d","name":"restore_backup_b1",`+
					`"size":3,"volume_type":"LUKS"}}`)
				asked = true
				x.answer(w, r)
			})
			c.on("GET /volumes", func(w http.ResponseWriter, r *http.Request) {
				text := `{"id": "old", "name": "restore_backup_b1"}`
				if asked && x.comes {
					text += `, {"id": "new", "name": "restore_backup_b1"}`
				}
				reply200(`{"volumes": [`+text+`]}`)(w, r)
			})
			got, err := c.direct().MakeVolume(t.Context(), request)
			if got != x.want || core.CodeOf(err) != x.code {
				t.Errorf("%+v, %v", got, err)
			}
			if n := count(c.requests(), "POST /volumes"); n != 1 {
				t.Errorf("it was asked for %d times", n)
			}
		})
	}
}

// TestRestoreRefused: an error says whether it is sure that nothing was begun.
func TestRestoreRefused(t *testing.T) {
	for _, status := range []int{400, 404, 503} {
		c := newCloud(t)
		c.on("POST /backups/b1/restore", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"serviceUnavailable": {"message": "Service cinder-backup could not be found."}}`)
		})
		got, err := c.direct().RestoreBackup(t.Context(), core.RestoreRequest{Backup: "b1", Volume: "v1"})
		if err == nil || !got.Refused {
			t.Errorf("%d: %+v, %v", status, got, err)
		}
	}
	c := newCloud(t)
	c.on("POST /backups/b1/restore", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(504) })
	c.on("GET /volumes/v1", reply200(`{"volume": {"id": "v1", "status": "available"}}`))
	if got, err := c.direct().RestoreBackup(t.Context(), core.RestoreRequest{Backup: "b1", Volume: "v1"}); err == nil || got.Refused {
		t.Errorf("504: %+v, %v", got, err)
	}
}

// table answers /backups as Cinder does for an administrator: any column is a filter.
func (c *cloud) table(row map[string]string, honours bool) {
	c.on("GET /backups", func(w http.ResponseWriter, r *http.Request) {
		fits := true
		for key, values := range r.URL.Query() {
			if key != "all_tenants" && row[key] != values[0] {
				fits = false
			}
		}
		text := `{"backups": []}`
		if fits || !honours {
			text = `{"backups": [{"id": "` + row["id"] + `"}]}`
		}
		reply200(text)(w, r)
	})
	c.on("GET /backups/"+row["id"], reply200(`{"backup": {"id": "`+row["id"]+`", "status": "available", "is_incremental": false}}`))
}

// TestDriver: an administrator finds the driver and the hidden key by filters; where a
// cloud drops them, or the login is none, it is not known, and a member asks nothing.
func TestDriver(t *testing.T) {
	const posix, fixed = "cinder.backup.drivers.posix.PosixBackupDriver", "00000000-0000-0000-0000-000000000000"
	for what, x := range map[string]struct {
		role    string
		row     map[string]string
		honours bool
		driver  core.Opt[string]
		keyed   core.Opt[bool]
	}{
		"an administrator": {"admin", map[string]string{"service": posix, "encryption_key_id": fixed}, true, core.Some(posix), core.Some(true)},
		"no key":           {"admin", map[string]string{"service": posix}, true, core.Some(posix), core.Some(false)},
		"an odd driver":    {"admin", map[string]string{"service": "acme.Driver"}, true, core.Opt[string]{}, core.Some(false)},
		"filters dropped":  {"admin", map[string]string{"service": posix}, false, core.Opt[string]{}, core.Opt[bool]{}},
		"a member":         {"member", map[string]string{"service": posix}, true, core.Opt[string]{}, core.Opt[bool]{}},
	} {
		c := newCloud(t).of(x.role)
		x.row["id"] = "b1"
		c.table(x.row, x.honours)
		p := c.open(Options{})
		if _, err := p.Scope(t.Context()); err != nil {
			t.Fatal(err)
		}
		driver, err := p.Driver(t.Context(), "b1")
		if driver != x.driver || err != nil {
			t.Errorf("%s: the driver is %+v, %v", what, driver, err)
		}
		keyed, err := p.Keyed(t.Context(), "b1")
		if keyed != x.keyed || err != nil {
			t.Errorf("%s: the key is %+v, %v", what, keyed, err)
		}
		lists := func() (n int) {
			for _, asked := range c.requests() {
				if strings.HasPrefix(asked, "GET /backups?") {
					n++
				}
			}
			return n
		}
		n := lists()
		if again, err := p.Driver(t.Context(), "b1"); again != x.driver || err != nil ||
			x.driver.Set && lists() != n || (x.role == "member") != (n == 0) {
			t.Errorf("%s: again %+v, %v, after %d requests", what, again, err, n)
		}
	}
}

// TestQuota: with its types where the login may see them, else from the limits.
func TestQuota(t *testing.T) {
	c := newCloud(t)
	p := c.open(Options{})
	if _, err := p.Scope(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := p.Quota(t.Context()) // quota sets: 404
	_, data := got["gigabytes"]
	if _, backups := got["backup_gigabytes"]; err != nil || !data || !backups || len(got) != 4 {
		t.Errorf("from the limits: %+v, %v", got, err)
	}
	pass, _ := p.session.current()
	c.on("GET /os-quota-sets/"+string(pass.Project.ID), reply200(`{"quota_set": {"id": "x",
		"volumes": {"limit": 10, "in_use": 3, "reserved": 2}, "gigabytes_LUKS": {"limit": -1, "in_use": 7, "reserved": 0}}}`))
	got, err = p.Quota(t.Context())
	want := map[string]core.Allowance{"volumes": {Limit: 10, Used: 5}, "gigabytes_LUKS": {Limit: -1, Used: 7}}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("from the set: %+v, %v", got, err)
	}
}

// TestQuotaUnused: limits whose use the login may not see say nothing of what is left; none
// are none, whatever is used.
func TestQuotaUnused(t *testing.T) {
	for limits, code := range map[string]core.Code{`{"maxTotalVolumes": 10, "maxTotalVolumeGigabytes": -1}`: core.CodeDenied,
		`{"maxTotalVolumes": -1, "maxTotalVolumeGigabytes": -1}`: "", `{}`: core.CodeUnsupported} {
		c := newCloud(t)
		c.on("GET /limits", reply200(`{"limits": {"absolute": `+limits+`}}`))
		got, err := c.direct().Quota(t.Context())
		if core.CodeOf(err) != code || code == "" && len(got) != 2 {
			t.Errorf("%s: %+v, %v", limits, got, err)
		}
	}
}

// TestSurvey: services, the encryption of types, and where a volume is attached.
func TestSurvey(t *testing.T) {
	c := newCloud(t)
	p := c.direct()
	c.on("GET /os-services", reply200(`{"services": [
		{"binary": "cinder-backup", "host": "a", "zone": "nova", "status": "enabled", "state": "up"},
		{"binary": "cinder-backup", "host": "b", "zone": "west", "status": "disabled", "state": "down"},
		{"binary": "cinder-volume", "host": "c", "zone": "nova", "status": "enabled", "state": "up"}]}`))
	services, err := p.BackupServices(t.Context())
	up := core.BackupService{Host: "a", Zone: "nova", Up: true, Enabled: true}
	if !reflect.DeepEqual(services, []core.BackupService{up, {Host: "b", Zone: "west"}}) || err != nil {
		t.Errorf("%+v, %v", services, err)
	}
	c.on("GET /types/luks/encryption", reply200(`{"provider": "luks", "volume_type_id": "luks"}`))
	c.on("GET /types/plain/encryption", reply200(`{}`))
	for id, want := range map[string]bool{"luks": true, "plain": false} {
		if got, err := p.Encrypts(t.Context(), id); got != want || err != nil {
			t.Errorf("%s encrypts: %v, %v", id, got, err)
		}
	}
	c.on("GET /volumes/v1", reply200(`{"volume": {"id": "v1", "status": "in-use", "encrypted": true, "attachments":
		[{"server_id": "s1", "device": "/dev/vdb", "host_name": "kvm7", "volume_id": "v1"}]}}`))
	c.on("GET /volumes/v1/metadata", reply200(`{"metadata": {}}`))
	v, err := p.Volume(t.Context(), "v1")
	if want := []core.Attachment{{Server: "s1", Device: "/dev/vdb", Host: "kvm7"}}; err != nil || !reflect.DeepEqual(v.Attachments, want) ||
		v.Encrypted != core.Some(true) {
		t.Errorf("%+v, encrypted %v, %v", v.Attachments, v.Encrypted, err)
	}
	row := volumeRowOf(&v)
	if kept := row.volume(newest); len(kept.Attachments) != 1 || kept.Encrypted != v.Encrypted {
		t.Errorf("a kept list says %+v", kept)
	}
	c.on("DELETE /volumes/v1", took(http.StatusAccepted, ""))
	if err := p.DeleteVolume(t.Context(), "v1"); err != nil || count(c.requests(), "DELETE /volumes/v1") != 1 {
		t.Error(err)
	}
}

// TestZones: those in which volumes can be made, each once.
func TestZones(t *testing.T) {
	c := newCloud(t)
	c.on("GET /os-availability-zone", reply200(`{"availabilityZoneInfo": [{"zoneState": {"available": true}, "zoneName": "west"},
		{"zoneState": {"available": false}, "zoneName": "gone"}, {"zoneState": {"available": true}, "zoneName": "east"}]}`))
	if zones, err := c.open(Options{}).Zones(t.Context()); err != nil || strings.Join(zones, " ") != "east west" {
		t.Errorf("%q, %v", zones, err)
	}
}

// TestNoSuchID: of an id with a slash Cinder's router says that it knows no such URL, as
// another service would; there is no such thing.
func TestNoSuchID(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html><h1>404 Not Found</h1></html>")
	}
	c.on("GET /backups/{id}", page)
	c.on("GET /volumes/{id}", page)
	p := c.direct()
	_, err := p.Backup(t.Context(), "../volumes?x=y#z ü")
	wantCode(t, err, core.CodeNotFound, "there is no such backup")
	_, err = p.Volume(t.Context(), "a/b")
	wantCode(t, err, core.CodeNotFound, "there is no such volume")
}
