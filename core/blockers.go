package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The codes of the reasons that a place gives; those of a plan stand at
// [ReasonRefused]. A script relies on them: none is changed.
const (
	ReasonDenied         = "denied"          // the login may not
	ReasonReadOnly       = "read-only"       // the place is not open for writing
	ReasonUnsupported    = "unsupported"     // nobody there restores anything
	ReasonBackupMissing  = "backup-missing"  // there is no such backup
	ReasonBackupStatus   = "backup-status"   // it is not available
	ReasonRestoring      = "restoring"       // a restore of it, or onto the target, is under way
	ReasonParentMissing  = "parent-missing"  // a backup that it stands on is not here
	ReasonParentCycle    = "parent-cycle"    // the parents go round
	ReasonParentStatus   = "parent-status"   // one that it stands on is not available
	ReasonParentGuessed  = "parent-guessed"  // the place does not name the parent
	ReasonParentDriver   = "parent-driver"   // one that it stands on was made by another driver
	ReasonDriverGone     = "driver-gone"     // a driver that newer Cinders do not have
	ReasonTargetMissing  = "target-missing"  // there is no such volume
	ReasonTargetStatus   = "target-status"   // it is not available
	ReasonTargetInUse    = "target-in-use"   // it is attached
	ReasonTargetSmall    = "target-small"    // the volume, there or new, is smaller than the backup
	ReasonTypeGone       = "type-gone"       // there is no such volume type
	ReasonTypeHidden     = "type-hidden"     // whether there is cannot be told
	ReasonEncryptedType  = "encrypted-type"  // an encrypted backup wants another type than the target's
	ReasonEncryption     = "encryption"      // whether it does is not known
	ReasonQuotaVolumes   = "quota-volumes"   // no further volume may be made
	ReasonQuotaGigabytes = "quota-gigabytes" // none so large
	ReasonQuotaHidden    = "quota-hidden"    // how much is left cannot be told
	ReasonServiceDown    = "service-down"    // no backup service that could do it is up
	ReasonDamaged        = "damaged"         // a verification of the repository found damage
)

// OfTarget reports whether a reason is one against the target that was asked for, so
// that another may do.
func (r Reason) OfTarget() bool {
	switch r.Code {
	case ReasonTargetMissing, ReasonTargetStatus, ReasonTargetInUse, ReasonTargetSmall, ReasonTypeGone, ReasonTypeHidden,
		ReasonEncryptedType, ReasonEncryption, ReasonQuotaVolumes, ReasonQuotaGigabytes, ReasonQuotaHidden, ReasonAPIRefuses:
		return true
	}
	return false
}

// Allowance is a line of a quota: volumes, or GiB.
type Allowance struct {
	Limit int64 // -1: none
	Used  int64 // what is reserved counts too
}

// Left is how much of it is left, never below 0; false where there is no limit.
func (a Allowance) Left() (int64, bool) { return max(a.Limit-a.Used, 0), a.Limit >= 0 }

// BackupService is a backup service of a place.
type BackupService struct {
	Host    string
	Zone    string
	Up      bool // it gave a sign of life lately
	Enabled bool
}

// RestoreFacts is what is known of a restore before it is asked for. Facts that are
// not known make a reason only where the answer depends on them.
type RestoreFacts struct {
	Request RestoreRequest // with its route
	Denied  *Error         // why the login may not restore; nil: it may, as far as is known

	Backup    Fact[Backup] // not known: there is none
	Chain     Fact[Chain]  // up to the backup itself
	Driver    Fact[string] // its service's class
	Encrypted Fact[bool]   // its data is ciphertext, and it has a key
	// NeedType is the id of the type that an encrypted backup came from, NeedSure
	// whether Cinder captured it so: else it is the source volume's of today.
	NeedType Fact[string]
	NeedSure bool

	Target        *Volume            // nil: a new one, or there is none of the id asked for
	Types         Fact[[]VolumeType] // all that the login may use
	TargetType    Fact[string]       // the id of the type that the target has, or will have
	TypeEncrypted Fact[bool]         // whether that type encrypts

	Quota    Fact[map[string]Allowance] // of the login's project, by Cinder's names: volumes, gigabytes, gigabytes_TYPE
	Services Fact[[]BackupService]      // not known: the login may not see them
	Version  string                     // the API's newest microversion, "" where it is not known
	Releases Releases                   // that the place may be of

	Plan       *Plan      // nil: none was made
	Repository string     // where the place keeps its backups; "": that is not known
	Verified   []Verified // what verifications said of the chain's backups, in whichever repository
}

// Can weighs the facts: whether the restore can be carried through, and why not. A
// reason for no is certain; where that depends on something that is not known, the
// reason says what.
func (f *RestoreFacts) Can() Can {
	w := &weighing{facts: f}
	if f.Denied != nil {
		w.can.Add(DeniedReason(f.Denied))
	}
	if !f.Backup.Known {
		w.no(ReasonBackupMissing, f.Backup.Why, "list them with hearth backups")
		return w.can
	}
	w.backup()
	w.chain()
	w.layouts()
	w.target()
	w.volumeType()
	w.encryption()
	w.quota()
	w.services()
	w.verified()
	w.plan()
	return w.can
}

// DeniedReason is the reason that a place is not open for what would be done: the
// login may not, it is only read, or nobody there does such things.
func DeniedReason(d *Error) Reason {
	r := Reason{Code: ReasonDenied, Answer: AnswerNo, Text: Visible(d.What), Next: d.Next}
	switch d.Code {
	case CodeReadOnly:
		r.Code = ReasonReadOnly
	case CodeUnsupported:
		r.Code = ReasonUnsupported
	}
	if r.Next == "" {
		r.Next = map[string]string{ReasonDenied: "log in with a role that may", ReasonReadOnly: "open the place for writing",
			ReasonUnsupported: "choose a cloud"}[r.Code]
	}
	return r
}

type weighing struct {
	facts *RestoreFacts
	can   Can
}

func (w *weighing) no(code, text, next string) {
	w.can.Add(Reason{Code: code, Answer: AnswerNo, Text: text, Next: next})
}

func (w *weighing) unknown(code, text, next string) {
	w.can.Add(Reason{Code: code, Answer: AnswerUnknown, Text: text, Next: next})
}

// named is a backup or volume in a sentence: its name, and its id's beginning.
func named(title, id string) string {
	if title == id {
		return Visible(id)
	}
	return Visible(title) + " (" + Visible(Short(id)) + ")"
}

// backup weighs its own status (cinder/backup/api.py restore: available, and nothing
// else).
func (w *weighing) backup() {
	switch b := &w.facts.Backup.V; b.Status {
	case StatusAvailable:
	case StatusRestoring:
		w.no(ReasonRestoring, "the backup is restoring: a restore of it is under way", "wait until that is over")
	case StatusCreating:
		w.no(ReasonBackupStatus, "the backup is creating, and Cinder restores only what is available", "wait until it is made")
	default:
		next := "choose another backup"
		if b.Status == StatusError {
			next = "choose another backup, or, if its data is whole, reset its state"
		}
		w.no(ReasonBackupStatus, "the backup is "+Visible(b.Status)+", and Cinder restores only what is available", next)
	}
	w.driver()
}

// driversGone are those that went, by the beginning of their rows' services, since when, and
// what is left to do: Grizzly's rows name services, which no Cinder from 14.0 (Stein) on
// matches any more, and TSM's driver went in 18.0 (Wallaby).
var driversGone = []struct {
	service string
	since   Change
	next    string
}{
	{"cinder.backup.services.", Since("14.0"), DoUnderToday},
	{"cinder.backup.drivers.tsm", Since("18.0"), "read its data with TSM's own dsmc restore, or with the Cinder that made it"},
}

// releases are those that the place may be of, by its API where nothing else tells.
func (w *weighing) releases() Releases {
	if clue, ok := ClueOfAPI(w.facts.Version); ok && !w.facts.Releases.Known() {
		return ReleasesOf(clue)
	}
	return w.facts.Releases
}

// driver weighs whether the driver is still there.
func (w *weighing) driver() {
	releases := w.releases()
	service := w.facts.Driver.V
	for _, gone := range driversGone {
		switch {
		case !strings.HasPrefix(service, gone.service) || !releases.MayHave(gone.since):
		case releases.Has(gone.since):
			w.no(ReasonDriverGone, "the backup was made by "+Visible(service)+", which no Cinder of today restores", gone.next)
		default:
			w.unknown(ReasonDriverGone, "the backup was made by "+Visible(service)+
				": a Cinder before "+gone.since.String()+" restores it, a newer one sets the target to error", gone.next)
		}
	}
}

// chain weighs what the backup stands on. Cinder looks at none of it before it has
// begun (cinder/backup/chunkeddriver.py restore), and then leaves the target in error.
func (w *weighing) chain() {
	const damage = ": a restore fails after it has touched the target"
	f := w.facts.Chain
	if !f.Known {
		w.unknown(ReasonParentGuessed, "what the backup stands on is not known: "+f.Why, "ask again when the place answers")
		return
	}
	switch {
	case f.V.Cycle:
		w.no(ReasonParentCycle, "its parents go round in a circle"+damage, "choose a backup of another chain")
		return
	case f.V.Missing != "":
		w.no(ReasonParentMissing, "its parent "+Visible(string(f.V.Missing))+f.V.absent(" is not here")+damage,
			"import the parent's record if there is one, or choose a full backup")
	}
	driver := w.facts.Driver
	for i := range f.V.Backups {
		b := &f.V.Backups[i]
		switch {
		case b.ParentID == "" && b.Incremental:
			w.unknown(ReasonParentGuessed, named(b.Title(), string(b.ID))+" is an incremental, and nothing is seen that it could stand on",
				"let an administrator look, who sees its parent")
		case b.ParentGuessed && w.can.Answer() != AnswerNo:
			w.unknown(ReasonParentGuessed, "the API does not name the parent of "+named(b.Title(), string(b.ID))+
				": it is taken to stand on "+Visible(Short(b.ParentID))+", by its date", "let an administrator look, who sees its parent")
		}
		if i == len(f.V.Backups)-1 {
			break // the backup itself
		}
		if b.Status != StatusAvailable && b.Status != StatusRestoring {
			w.unknown(ReasonParentStatus, "its parent "+named(b.Title(), string(b.ID))+" is "+Visible(b.Status)+
				": Cinder does not look at that, and fails half-way if the parent's data is not whole",
				"verify the repository, or choose a full backup")
		}
		if s := b.Service.Or(""); s != "" && driver.Known {
			w.parentDriver(named(b.Title(), string(b.ID)), s, driver.V)
		}
	}
}

// parentDriver weighs that a parent was made by another driver than the backup. Cinder
// does not look at that: the backup's own driver looks for the parent's data where it
// keeps its own.
func (w *weighing) parentDriver(parent, its, own string) {
	text := "its parent " + parent + " was made by " + Visible(its) + ", and it by " + Visible(own)
	const next = "choose a full backup"
	switch a, b := driverModule(its), driverModule(own); {
	case a == b:
	case slices.Contains(inFolders, a) && slices.Contains(inFolders, b):
		w.unknown(ReasonParentDriver, text+": both keep files in a folder, and a restore fails after it has touched the target "+
			"unless that is the same one", "see that it is, or "+next)
	default:
		w.no(ReasonParentDriver, text+": one driver does not read the other's data", next)
	}
}

// inFolders are the modules of the drivers that are the Posix driver over a folder that
// they mount, so that one reads what another wrote there.
var inFolders = []string{"posix", "nfs", "glusterfs"}

// driverModule is the module of a backup's service: rows from before Queens name that,
// later ones the class in it, and google has become gcs (cinder/backup/manager.py
// _is_our_backup, MAPPING).
func driverModule(service string) string {
	rest, ours := strings.CutPrefix(service, "cinder.backup.drivers.")
	if !ours {
		return service
	}
	module, _, _ := strings.Cut(rest, ".")
	if module == "google" {
		return "gcs"
	}
	return module
}

// layouts weighs how the objects of the chain were written, as far as a repository of
// the place's tells.
func (w *weighing) layouts() {
	rules := Newton
	if p := w.facts.Plan; p != nil {
		rules = p.Rules
	}
	for _, r := range LayoutReasons(w.facts.Chain.V.Backups, rules, w.facts.Version) {
		w.can.Add(r)
	}
}

// target weighs an existing volume, or the size of a new one.
func (w *weighing) target() {
	b, r, v := &w.facts.Backup.V, &w.facts.Request, w.facts.Target
	switch {
	case r.Volume != "" && v == nil:
		w.no(ReasonTargetMissing, "there is no such volume as "+Visible(string(r.Volume)), "list them with hearth volumes")
		return
	case v == nil:
		if r.Size > 0 && r.Size < b.Size {
			w.no(ReasonTargetSmall, fmt.Sprintf("a volume of %d GiB is too small for a backup of %d GiB", r.Size, b.Size),
				fmt.Sprintf("give it %d GiB or more", b.Size))
		}
		return
	}
	const only = ", and Cinder restores only onto one that is available"
	switch {
	case v.Status == "restoring-backup":
		w.no(ReasonRestoring, "the volume is restoring-backup: a restore onto it is under way", "wait until that is over")
	case v.Status == "in-use":
		w.no(ReasonTargetInUse, "the volume is in-use"+attached(v)+only, "stop the server and detach it, or restore to a new one")
	case v.Status != StatusAvailable:
		w.no(ReasonTargetStatus, "the volume is "+Visible(v.Status)+only, statusNext(v.Status))
	}
	if v.Size < b.Size {
		w.no(ReasonTargetSmall, fmt.Sprintf("the volume has %d GiB, which is too small for a backup of %d GiB", v.Size, b.Size),
			"extend it, or restore to a new one")
	}
}

func statusNext(status string) string {
	if InTransit(status) {
		return "wait until that is over, or restore to a new one"
	}
	return "repair it first, or restore to a new one"
}

// attached names where a volume is attached, so that one knows what to stop.
func attached(v *Volume) string {
	var at []string
	for _, a := range v.Attachments {
		at = append(at, a.Where())
	}
	if len(at) == 0 {
		return ""
	}
	return " by " + strings.Join(at, " and ")
}

// volumeType weighs whether the type of a new volume is there.
func (w *weighing) volumeType() {
	r, types := &w.facts.Request, w.facts.Types
	if r.Volume != "" || r.Type == "" {
		return
	}
	if !types.Known {
		w.unknown(ReasonTypeHidden, "whether there is a volume type "+Visible(r.Type)+" is not known: "+types.Why,
			"go on: Cinder refuses a type that is not there")
		return
	}
	for _, t := range types.V {
		if t.ID == r.Type || t.Name == r.Type {
			return
		}
	}
	w.no(ReasonTypeGone, "there is no volume type "+Visible(r.Type)+" that this login may use", "choose another one")
}

// encryption weighs the type that an encrypted backup needs. Cinder compares it only
// when it writes the metadata, after the data, and then leaves the volume in
// error_restoring (cinder/backup/driver.py _restore_vol_base_meta).
func (w *weighing) encryption() {
	f, encrypted := w.facts, w.facts.Encrypted
	if p := f.Plan; p != nil && p.Can.Answer() == AnswerYes && f.TargetType.Known || f.Encrypted.Known && !f.Encrypted.V {
		return // the rules themselves were asked, with the captures
	}
	if p := f.Plan; p != nil && p.Error != nil && p.Error.Kind == ErrEncryptedTypeMismatch {
		encrypted = Knows(true) // by the captures, for whoever is not shown the backup's key
	}
	same := f.NeedType.Known && f.TargetType.Known && f.NeedType.V == f.TargetType.V
	plain := f.TypeEncrypted.Known && !f.TypeEncrypted.V
	const ends = ": Cinder writes the data, then refuses, and leaves the volume in error_restoring"
	needs := "the type of its source volume"
	if f.NeedType.Known {
		needs = "the type " + w.typeName(f.NeedType.V)
	}
	next := "restore it to a new volume of " + needs + ", or onto one"
	switch {
	case same && (f.NeedSure || encrypted.Known):
	case encrypted.Known && plain:
		w.no(ReasonEncryptedType, "the backup is encrypted, and "+w.targetType()+" is not"+ends, next)
	case encrypted.Known && f.NeedSure && f.TargetType.Known:
		w.no(ReasonEncryptedType, "the backup is encrypted and wants "+needs+", and the target has "+w.targetType()+ends, next)
	case encrypted.Known && !f.NeedType.Known:
		w.unknown(ReasonEncryption, "the backup is encrypted, and which type it came from is not known ("+f.NeedType.Why+")"+
			": onto any other"+strings.TrimPrefix(ends, ":"), "name the type that the source volume had")
	case encrypted.Known && !f.TargetType.Known:
		w.unknown(ReasonEncryption, "the backup is encrypted, and which type the target has is not known ("+f.TargetType.Why+")", next)
	case encrypted.Known:
		w.unknown(ReasonEncryption, "the backup is encrypted, its source volume has "+needs+" today, and the target has "+w.targetType()+
			": unless the source had that one when it was backed up, Cinder leaves the volume in error_restoring", next)
	case same:
	case f.NeedType.Known: // its source is encrypted today
		w.unknown(ReasonEncryption, "whether the backup is encrypted is not known ("+encrypted.Why+"), and its source volume is, with "+needs+
			": if the backup is too, Cinder leaves a volume of "+w.targetType()+" in error_restoring", next)
	default:
		w.unknown(ReasonEncryption, "whether the backup is encrypted is not known ("+encrypted.Why+
			"): if it is, Cinder restores it only to the type that it came from",
			"let an administrator look, who sees its record")
	}
}

// targetType is the target's type in a sentence.
func (w *weighing) targetType() string {
	switch f := w.facts; {
	case f.TargetType.Known:
		return "the type " + w.typeName(f.TargetType.V)
	case f.Target != nil:
		return "the target"
	}
	return "the default type"
}

func (w *weighing) typeName(id string) string { return Visible(w.facts.TypeName(id)) }

// TypeName is a type's name as the cloud has it, by which its quota goes; the id where the
// place does not tell it, or what is given is a name already.
func (f *RestoreFacts) TypeName(id string) string {
	for _, t := range f.Types.V {
		if t.ID == id && t.Name != "" {
			return t.Name
		}
	}
	return id
}

// quota weighs what a new volume takes of it (cinder/volume/flows/api/create_volume.py
// QuotaReserveTask: in all, and of its type).
func (w *weighing) quota() {
	r := &w.facts.Request
	if r.Volume != "" {
		return
	}
	q := w.facts.Quota
	if !q.Known {
		w.unknown(ReasonQuotaHidden, "how much of the quota is left for a new volume is not known: "+q.Why,
			"go on: Cinder refuses what there is no quota for")
		return
	}
	size := max(r.Size, w.facts.Backup.V.Size)
	suffixes := []string{""}
	if t := w.facts.TargetType; t.Known {
		suffixes = append(suffixes, "_"+w.facts.TypeName(t.V))
	}
	const next = "delete something, ask for a larger quota, or restore onto a volume that is there"
	for _, suffix := range suffixes {
		of := ""
		if suffix != "" {
			of = " of the type " + Visible(strings.TrimPrefix(suffix, "_"))
		}
		if left, limited := lineOf(q.V, "volumes"+suffix).Left(); limited && left < 1 {
			w.no(ReasonQuotaVolumes, "the project's quota of volumes"+of+" is used up", next)
		}
		if left, limited := lineOf(q.V, "gigabytes"+suffix).Left(); limited && left < size {
			w.no(ReasonQuotaGigabytes, fmt.Sprintf("the project's quota%s leaves %d GiB, and the volume takes %d", of, left, size), next)
		}
	}
	if line := lineOf(q.V, "per_volume_gigabytes"); line.Limit >= 0 && line.Limit < size {
		w.no(ReasonQuotaGigabytes, fmt.Sprintf("the project may have volumes of %d GiB at most, and this one takes %d", line.Limit, size), next)
	}
}

// lineOf is a line of a quota; one that is not there sets no limit.
func lineOf(q map[string]Allowance, name string) Allowance {
	if a, ok := q[name]; ok {
		return a
	}
	return Allowance{Limit: -1}
}

// staysDisabled: enabling and disabling a service saves nothing (cinder/api/v3/services.py
// enable and disable, commit 0fcc22942; only disabling it with a reason does).
var staysDisabled = Fault{Came: Since("28.0")}

// services weighs whether a backup service is up that Cinder would choose: any of the
// backup's zone, of any zone where it has none (cinder/backup/api.py
// _get_available_backup_service_host).
func (w *weighing) services() {
	if !w.facts.Services.Known {
		return // who may not see them is told by Cinder in time
	}
	zone := w.facts.Backup.V.AvailabilityZone.Or("")
	var down []string
	disabled := 0
	for _, s := range w.facts.Services.V {
		switch {
		case zone != "" && s.Zone != zone:
		case s.Up && s.Enabled:
			return
		case s.Up:
			disabled++
			down = append(down, Visible(s.Host)+" is disabled")
		default:
			down = append(down, Visible(s.Host)+" is down")
		}
	}
	next := "start cinder-backup there"
	switch disabled {
	case 0:
	case len(down):
		next = "enable cinder-backup there"
	default:
		next = "start cinder-backup there, or enable it"
	}
	if who := cinderOf(staysDisabled, w.releases()); who != "" && disabled > 0 {
		next += ", and see that it is: " + who + " answers so and leaves it disabled, until its row in the table services is changed"
	}
	text := "no backup service"
	if zone != "" {
		text += " of the zone " + Visible(zone)
	}
	text += " is up"
	if len(down) > 0 {
		text += ": " + strings.Join(down, ", ")
	}
	w.no(ReasonServiceDown, text, next)
}

// verified weighs what a verification said of the backup and what it stands on. What
// was found in a repository that is not known to be the place's may be another copy.
func (w *weighing) verified() {
	for _, v := range w.facts.Verified {
		if v.Damages == 0 {
			continue
		}
		title := string(v.Backup)
		for i := range w.facts.Chain.V.Backups {
			if b := &w.facts.Chain.V.Backups[i]; b.ID == v.Backup {
				title = b.Title()
			}
		}
		text := fmt.Sprintf("a verification of %s on %s found %s damaged", Visible(v.Repository), v.At.UTC().Format(time.DateOnly),
			named(title, string(v.Backup)))
		if v.Flaw != "" {
			text += ": " + Visible(v.Flaw)
		}
		if v.Repository == w.facts.Repository {
			w.no(ReasonDamaged, text, "choose another backup; once it is mended, verify it again")
			continue
		}
		w.unknown(ReasonDamaged, text+"; whether that is what this place restores from is not known",
			"name the backup repository for this place, or verify the one that it has")
	}
}

func (w *weighing) said(code string) bool {
	for _, r := range w.can.Reasons {
		if r.Code == code {
			return true
		}
	}
	return false
}

// plan adds what the rules themselves say, worked out with the captures.
func (w *weighing) plan() {
	p := w.facts.Plan
	if p == nil {
		return
	}
	for _, r := range p.Can.Reasons {
		if r.Code == ReasonRefused {
			if p.Error.Kind == ErrEncryptedTypeMismatch && w.said(ReasonEncryptedType) { // in plainer words
				continue
			}
			r.Text = "Cinder would stop half-way and leave the volume in error: " + Visible(p.Error.Message)
		}
		w.can.Add(r)
	}
}

// UnsoundReasons is why a restore of a backup cannot be that stands on these, as a scan of
// their repository saw them: one whose objects are not those that its metadata names.
func UnsoundReasons(id BackupID, chain []Backup) (out []Reason) {
	for i := range chain {
		b := &chain[i]
		if b.Status != StatusError || b.ID != id && IsCeph(b.Service.Or("")) { // there each holds all of its volume
			continue
		}
		r := Reason{Code: ReasonBackupStatus, Answer: AnswerNo, Next: "see hearth verify",
			Text: Visible(b.Title()) + " is not whole in the repository, and Cinder refuses to restore it"}
		if b.ID != id {
			r.Code, r.Text = ReasonParentStatus, "it stands on "+Visible(b.Title())+", which is not whole in the repository"
		}
		out = append(out, r)
	}
	return out
}
