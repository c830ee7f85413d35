package cinder

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/wire"
)

// backupRow is a backup as the API sends it. parent_id, service, host,
// service_metadata and restore_volume_id are in no reply (semantics c.3).
type backupRow struct {
	ID            string          `json:"id"`
	Name          *string         `json:"name"`
	Description   *string         `json:"description,omitempty"`
	Status        string          `json:"status"`
	FailReason    *string         `json:"fail_reason,omitempty"`
	Size          int64           `json:"size"`
	ObjectCount   *int64          `json:"object_count,omitempty"`
	VolumeID      *string         `json:"volume_id"`
	SnapshotID    *string         `json:"snapshot_id,omitempty"`
	Container     *string         `json:"container,omitempty"`
	Zone          *string         `json:"availability_zone,omitempty"`
	CreatedAt     string          `json:"created_at,omitempty"`
	UpdatedAt     string          `json:"updated_at,omitempty"`
	DataTimestamp string          `json:"data_timestamp,omitempty"`
	Incremental   bool            `json:"is_incremental"`
	Dependents    bool            `json:"has_dependent_backups"`
	ProjectID     *string         `json:"os-backup-project-attr:project_id,omitempty"`
	UserID        *string         `json:"user_id,omitempty"`
	KeyID         *string         `json:"encryption_key_id,omitempty"`
	Metadata      json.RawMessage `json:"metadata,omitempty"`
	Odd           core.Odd        `json:"hearth_odd,omitempty"` // in a kept listing
}

func (r *backupRow) odd() *core.Odd { return &r.Odd }

// never are the fields of a backup that the API sends in no version.
var never = []string{"parent_id", "service", "service_metadata", "host", "restore_volume_id", "temp_volume_id", "temp_snapshot_id",
	"num_dependent_backups", "deleted", "deleted_at", "volume_name", "project_name"}

// unseenBackup are the fields that a cloud does not show, by what it does show.
type unseenBackup struct{ project, user, key, metadata bool }

var unseenSets = func() map[unseenBackup]core.FieldSet {
	out := map[unseenBackup]core.FieldSet{}
	for i := range 16 {
		u := unseenBackup{i&1 > 0, i&2 > 0, i&4 > 0, i&8 > 0}
		set := core.NewFieldSet(never...)
		for name, is := range map[string]bool{"project_id": u.project, "user_id": u.user, "encryption_key_id": u.key, "metadata": u.metadata} {
			if is {
				set[name] = true
			}
		}
		out[u] = set
	}
	return out
}()

// backup makes the row a Backup, with its properties if whole.
func (r *backupRow) backup(v version, whole bool) core.Backup {
	b := core.Backup{
		ID: core.BackupID(r.ID), Name: optText(r.Name), Description: optText(r.Description), Status: r.Status,
		FailReason: optText(r.FailReason), Size: r.Size, VolumeID: core.VolumeID(or(r.VolumeID)), SnapshotID: optText(r.SnapshotID),
		Container: optText(r.Container), Incremental: r.Incremental, ProjectID: core.ProjectID(or(r.ProjectID)), UserID: or(r.UserID),
		AvailabilityZone: optText(r.Zone), EncryptionKeyID: optText(r.KeyID),
		CreatedAt: optTime(r.CreatedAt), UpdatedAt: optTime(r.UpdatedAt), DataTimestamp: optTime(r.DataTimestamp),
		// A key that is absent where the API shows keys is null (or the fixed key's).
		Unseen: unseenSets[unseenBackup{r.ProjectID == nil, r.UserID == nil, r.KeyID == nil && v < vKey, r.Metadata == nil || !whole}],
		Odd:    oddTimes(r.Odd, "created_at", r.CreatedAt, "updated_at", r.UpdatedAt, "data_timestamp", r.DataTimestamp),
	}
	if r.ObjectCount != nil {
		b.ObjectCount = *r.ObjectCount
	}
	if r.Dependents {
		b.Dependents = 1 // at least: the API says whether, not how many
	}
	if whole && r.Metadata != nil {
		b.Metadata = object(r.Metadata)
	}
	return b
}

// rowOf is the row of a Backup, to keep a listing.
func rowOf(b *core.Backup) backupRow {
	r := backupRow{
		ID:            string(b.ID),
		Name:          ptr(b.Name),
		Description:   ptr(b.Description),
		Status:        b.Status,
		FailReason:    ptr(b.FailReason),
		Size:          b.Size,
		ObjectCount:   &b.ObjectCount,
		SnapshotID:    ptr(b.SnapshotID),
		Container:     ptr(b.Container),
		Zone:          ptr(b.AvailabilityZone),
		CreatedAt:     timeText(b.CreatedAt),
		UpdatedAt:     timeText(b.UpdatedAt),
		DataTimestamp: timeText(b.DataTimestamp),
		Incremental:   b.Incremental,
		Dependents:    b.Dependents > 0,
		KeyID:         ptr(b.EncryptionKeyID),
		Odd:           b.Odd,
	}
	volume, project := string(b.VolumeID), string(b.ProjectID)
	r.VolumeID = &volume
	if !b.Unseen.Has("project_id") {
		r.ProjectID = &project
	}
	if !b.Unseen.Has("user_id") {
		r.UserID = &b.UserID
	}
	return r
}

// volumeRow is a volume as the API sends it.
type volumeRow struct {
	ID             string          `json:"id"`
	Name           *string         `json:"name"`
	Description    *string         `json:"description,omitempty"`
	Status         string          `json:"status"`
	Size           int64           `json:"size"`
	Type           *string         `json:"volume_type,omitempty"`
	TypeID         *string         `json:"volume_type_id,omitempty"`
	Bootable       string          `json:"bootable"`
	Encrypted      bool            `json:"encrypted"`
	Multiattach    bool            `json:"multiattach"`
	Zone           *string         `json:"availability_zone,omitempty"`
	SnapshotID     *string         `json:"snapshot_id,omitempty"`
	Source         *string         `json:"source_volid,omitempty"`
	UserID         *string         `json:"user_id,omitempty"`
	ProjectID      *string         `json:"os-vol-tenant-attr:tenant_id,omitempty"`
	Host           *string         `json:"os-vol-host-attr:host,omitempty"`
	MigrationState *string         `json:"os-vol-mig-status-attr:migstat,omitempty"`
	NameID         *string         `json:"os-vol-mig-status-attr:name_id,omitempty"`
	KeyID          *string         `json:"encryption_key_id,omitempty"`
	CreatedAt      string          `json:"created_at,omitempty"`
	UpdatedAt      string          `json:"updated_at,omitempty"`
	Attachments    []attachmentRow `json:"attachments,omitempty"`
	Odd            core.Odd        `json:"hearth_odd,omitempty"` // in a kept listing
}

func (r *volumeRow) odd() *core.Odd { return &r.Odd }

// attachmentRow is where a volume is attached; the host only administrators see.
type attachmentRow struct {
	Server string  `json:"server_id"`
	Device string  `json:"device,omitempty"`
	Host   *string `json:"host_name,omitempty"`
}

func (r *volumeRow) volume(v version) core.Volume {
	out := core.Volume{
		ID: core.VolumeID(r.ID), Name: optText(r.Name), Description: optText(r.Description), Status: r.Status, Size: r.Size,
		VolumeType: optText(r.Type), VolumeTypeID: optText(r.TypeID), Bootable: r.Bootable == "true", Multiattach: r.Multiattach,
		EncryptionKeyID: optText(r.KeyID), ProjectID: core.ProjectID(or(r.ProjectID)), UserID: or(r.UserID), AvailabilityZone: optText(r.Zone),
		Host: optText(r.Host), SnapshotID: optText(r.SnapshotID), SourceVolumeID: core.VolumeID(or(r.Source)),
		CreatedAt: optTime(r.CreatedAt), UpdatedAt: optTime(r.UpdatedAt),
		Encrypted: core.Some(r.Encrypted), Unseen: unseenVolume(r, v),
		Odd: oddTimes(r.Odd, "created_at", r.CreatedAt, "updated_at", r.UpdatedAt),
	}
	for _, a := range r.Attachments {
		out.Attachments = append(out.Attachments, core.Attachment{Server: a.Server, Device: a.Device, Host: or(a.Host)})
	}
	return out
}

func volumeRowOf(v *core.Volume) volumeRow {
	r := volumeRow{
		ID:          string(v.ID),
		Name:        ptr(v.Name),
		Description: ptr(v.Description),
		Status:      v.Status,
		Size:        v.Size,
		Type:        ptr(v.VolumeType),
		TypeID:      ptr(v.VolumeTypeID),
		Bootable:    "false",
		Multiattach: v.Multiattach,
		Zone:        ptr(v.AvailabilityZone),
		SnapshotID:  ptr(v.SnapshotID),
		Host:        ptr(v.Host),
		KeyID:       ptr(v.EncryptionKeyID),
		Encrypted:   v.Encrypted.V,
		CreatedAt:   timeText(v.CreatedAt),
		UpdatedAt:   timeText(v.UpdatedAt),
		Odd:         v.Odd,
	}
	for _, a := range v.Attachments {
		r.Attachments = append(r.Attachments, attachmentRow{Server: a.Server, Device: a.Device})
	}
	if v.Bootable {
		r.Bootable = "true"
	}
	source, project := string(v.SourceVolumeID), string(v.ProjectID)
	if source != "" {
		r.Source = &source
	}
	if !v.Unseen.Has("project_id") {
		r.ProjectID = &project
	}
	if v.UserID != "" {
		r.UserID = &v.UserID
	}
	return r
}

// hidden are the columns of a volume that the API shows in no version.
var hidden = []string{
	"deleted_at", "deleted", "ec2_id", "attach_status",
	"scheduled_at", "launched_at", "terminated_at", "provider_location",
	"provider_auth", "provider_geometry", "replication_extended_status", "replication_driver_data",
	"previous_status",
}

// unseenCommon is what an administrator does not see of a volume at the newest version.
var unseenCommon = core.NewFieldSet(hidden...)

func unseenVolume(r *volumeRow, v version) core.FieldSet {
	if r.ProjectID != nil && r.Host != nil && v >= vKey && (r.KeyID != nil || !r.Encrypted) && r.TypeID != nil {
		return unseenCommon
	}
	out := core.FieldSet{}
	for name := range unseenCommon {
		out[name] = true
	}
	for name, is := range map[string]bool{"project_id": r.ProjectID == nil, "host": r.Host == nil, "volume_type_id": r.TypeID == nil,
		"encryption_key_id": r.KeyID == nil && (v < vKey || r.Encrypted)} {
		if is {
			out[name] = true
		}
	}
	return out
}

// baseFields says from which key of the API each column of a volume's row comes,
// where they differ.
var baseFields = map[string]string{
	"_name_id":            "os-vol-mig-status-attr:name_id",
	"project_id":          "os-vol-tenant-attr:tenant_id",
	"host":                "os-vol-host-attr:host",
	"migration_status":    "os-vol-mig-status-attr:migstat",
	"display_name":        "name",
	"display_description": "description",
	"use_quota":           "consumes_quota",
}

// baseRow is the volume's row as far as the API shows it, in the order of Cinder's
// model, and the names of what it does not show.
func baseRow(doc *pyjson.Object) (*pyjson.Object, core.FieldSet) {
	row, unseen := &pyjson.Object{}, core.FieldSet{}
	encrypted, _ := doc.Get("encrypted")
	for _, name := range core.VolumeColumns {
		key := name
		if k, ok := baseFields[name]; ok {
			key = k
		}
		v, ok := doc.Get(key)
		switch {
		case !ok && name == "encryption_key_id" && !encrypted.Truthy() && doc.Has("consumes_quota"): // 3.65: keys are shown, and there is none
			v = pyjson.None
		case !ok:
			unseen[name] = true
			continue
		}
		switch name {
		case "bootable":
			v = pyjson.OfBool(v.Text() == "true" || v.Bool())
		case "created_at", "updated_at":
			if t := optTime(v.Text()); t.Set {
				v = pyjson.OfTime(t.V, false)
			}
		}
		row.Set(name, v)
	}
	return row, unseen
}

// link leads from a page to another.
type link struct{ Rel, Href string }

// pageDoc is a page of either kind: read in one go.
type pageDoc[R any] struct {
	Backups      []R    `json:"backups"`
	BackupsLinks []link `json:"backups_links"`
	Volumes      []R    `json:"volumes"`
	VolumesLinks []link `json:"volumes_links"`
	Count        *int   `json:"count"`
}

// mostOfPage is how many rows a page may have: a cloud can be set to give more than
// [pageSize] where it is not told how many (osapi_max_limit), and no page is so large.
const mostOfPage = 10 * pageSize

// pageBounds are those of a page of so many rows, 0 for as many as the cloud likes. A row
// has a kilobyte or three; one of 128 long keys may have more, and not all have.
func pageBounds(rows int) wire.Bounds {
	if rows <= 0 {
		rows = pageSize
	}
	return wire.PageOf(rows, 16<<10)
}

// crowded reports whether a list of a page has more than so many rows: few bytes can be
// very many rows that are nothing, and each takes memory once it is decoded.
func crowded(body []byte, most int) bool {
	if bytes.Count(body, []byte{','}) <= mostParts/2 {
		return false
	}
	depth, rows, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth == 2 {
				rows = 1
			}
		case c == '}', c == ']':
			depth--
		case c == ',' && depth == 2:
			if rows++; rows > most {
				return true
			}
		}
	}
	return false
}

// pageOf decodes a page of rows; next is the marker of the page after it, "" at
// the end, and count is -1 where none is told.
func pageOf[R any](tried string, body []byte, kind string) (rows []R, next string, count int, err error) {
	var page pageDoc[R]
	if crowded(body, mostOfPage) {
		return nil, "", 0, core.Fail(core.CodeUnreadable, tried, "a page of it has more rows than any cloud gives",
			"check that the endpoint is Cinder's and no proxy answers in its place", nil)
	}
	if err := decode(tried, body, &page); err != nil {
		if page, err = oddPage[R](body, err); err != nil {
			return nil, "", 0, err
		}
	}
	rows, links := page.Backups, page.BackupsLinks
	if kind == "volumes" {
		rows, links = page.Volumes, page.VolumesLinks
	}
	if rows == nil {
		return nil, "", 0, decode(tried, []byte("it has no "+kind), nil)
	}
	count = -1
	if page.Count != nil {
		count = *page.Count
	}
	for _, l := range links {
		if l.Rel == "next" {
			next = markerOf(l.Href)
		}
	}
	return rows, next, count, nil
}

// noMarker stands for the marker of a next link that has none: the list goes on, and
// does not say where.
const noMarker = "\x00"

// markerOf takes the marker out of a next link: the link itself names the cloud as
// it knows itself, which behind a proxy is not how we do.
func markerOf(href string) string {
	if u, err := url.Parse(href); err == nil && u.Query().Get("marker") != "" {
		return u.Query().Get("marker")
	}
	return noMarker
}

// nextMarker finds the next page's marker at the end of a body that is not decoded
// yet, so that the page can be asked for meanwhile; "" where it is not seen.
func nextMarker(body []byte, kind string) string {
	tail := body
	if len(tail) > 2048 {
		tail = tail[len(tail)-2048:]
	}
	i := bytes.LastIndex(tail, []byte(`"`+kind+`_links"`))
	if i < 0 {
		return ""
	}
	var doc map[string][]struct{ Rel, Href string }
	end := bytes.IndexByte(tail[i:], ']')
	if end < 0 || json.Unmarshal([]byte("{"+string(tail[i:i+end+1])+"}"), &doc) != nil {
		return ""
	}
	for _, l := range doc[kind+"_links"] {
		if l.Rel == "next" {
			return markerOf(l.Href)
		}
	}
	return ""
}

func optText(s *string) core.Opt[string] {
	if s == nil {
		return core.Opt[string]{}
	}
	return core.Some(*s)
}

func or(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func ptr(s core.Opt[string]) *string {
	if !s.Set {
		return nil
	}
	return &s.V
}

// apiTimes are the forms of the API's times: without a zone they are UTC.
var apiTimes = []string{"2006-01-02T15:04:05.999999", time.RFC3339Nano}

func optTime(s string) core.Opt[time.Time] {
	if s == "" {
		return core.Opt[time.Time]{}
	}
	for _, layout := range apiTimes {
		if t, err := time.Parse(layout, s); err == nil {
			return core.Some(t.UTC())
		}
	}
	return core.Opt[time.Time]{}
}

func timeText(t core.Opt[time.Time]) string {
	if !t.Set {
		return ""
	}
	return core.APITime(t.V)
}

// object reads a JSON object as Python would, keys in order. Null is an empty one.
func object(raw []byte) *pyjson.Object {
	v, err := pyjson.Parse(strings.ToValidUTF8(string(raw), "\uFFFD"))
	if err != nil || v.Kind() != pyjson.Dict {
		return &pyjson.Object{}
	}
	return v.Object()
}

func decode(tried string, body []byte, into any) error {
	err := json.Unmarshal(body, into)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset >= int64(len(body)) { // it ends before its end
		return core.Fail(core.CodeUnavailable, tried, "the connection broke in the middle of the answer", lookFirst, err)
	}
	if err != nil {
		return core.Fail(core.CodeUnreadable, tried, "the answer is not what the Block Storage API sends",
			"check that the endpoint is Cinder's and no proxy answers in its place", err)
	}
	return nil
}

var shorterSets sync.Map // of pointers to sets: there are few

// without is a set without a name; sets are shared between rows, so is the result.
func without(set core.FieldSet, name string) core.FieldSet {
	if !set.Has(name) {
		return set
	}
	key := name
	for _, n := range []string{"project_id", "user_id", "encryption_key_id", "metadata", "parent_id", "volume_name", "project_name"} {
		if set.Has(n) {
			key += "," + n
		}
	}
	if made, ok := shorterSets.Load(key); ok {
		return made.(core.FieldSet)
	}
	out := core.FieldSet{}
	for n := range set {
		if n != name {
			out[n] = true
		}
	}
	shorterSets.Store(key, out)
	return out
}
