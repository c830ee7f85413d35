package jobs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/store"
)

// PolicyConfig is what the configuration says of a policy, under [policy.NAME].
type PolicyConfig struct {
	// Filter, Metadata and Project choose the volumes; all that is given must hold. None
	// is every volume that is seen.
	Filter   string            `toml:"filter"`   // as hearth volumes takes it
	Metadata map[string]string `toml:"metadata"` // the volume's, key by key
	Project  string            `toml:"project"`  // its id, or its name where that is seen
	// Every, and Grace, are times such as 24h or 7d; Grace is a quarter of Every where it is
	// not given.
	Every string `toml:"every"`
	Grace string `toml:"grace"`
	// ProvenEvery is such a time, too: within it a drill has to prove a backup of each
	// volume, byte for byte; "": the policy does not ask for it.
	ProvenEvery string     `toml:"proven_every"`
	FullEvery   int        `toml:"full_every"` // 0 or 1: full ones only
	Force       bool       `toml:"force"`      // also of volumes that are in use
	Keep        KeepConfig `toml:"keep"`       // none: nothing ever goes
}

// KeepConfig is which backups stay, under [policy.NAME.keep].
type KeepConfig struct {
	Last    int `toml:"last"`
	Hourly  int `toml:"hourly"`
	Daily   int `toml:"daily"`
	Weekly  int `toml:"weekly"`
	Monthly int `toml:"monthly"`
	Yearly  int `toml:"yearly"`
	AtLeast int `toml:"at_least"` // 0 is 1
	// Others has the rules count, and let go, backups that no policy made too.
	Others bool `toml:"others"`
}

// Policy is a policy that was checked.
type Policy struct {
	Name     string
	Filter   core.Filter
	Metadata map[string]string
	Project  string
	Force    bool
	core.Schedule
	Keep   core.Retention
	Others bool // the keep rules are about backups that no policy made, too
}

// PoliciesConfig is the part of the configuration with the policies.
type PoliciesConfig map[string]PolicyConfig

// Check says what is wrong with the configuration: the key at fault and why.
func (c PoliciesConfig) Check() (key, what string) {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if _, key, what := c[name].policy(name); what != "" {
			return strings.TrimSuffix(name+"."+key, "."), what
		}
	}
	return "", ""
}

// Policies are the policies by name, of a configuration that was checked.
func (c PoliciesConfig) Policies() (out []Policy) {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		p, _, _ := c[name].policy(name)
		out = append(out, p)
	}
	return out
}

func (c PolicyConfig) policy(name string) (p Policy, key, what string) {
	p = Policy{Name: name, Metadata: c.Metadata, Project: c.Project, Force: c.Force, Others: c.Keep.Others,
		Keep: core.Retention{Last: c.Keep.Last, Hourly: c.Keep.Hourly, Daily: c.Keep.Daily, Weekly: c.Keep.Weekly, Monthly: c.Keep.Monthly,
			Yearly: c.Keep.Yearly, AtLeast: c.Keep.AtLeast}}
	p.FullEvery = max(1, c.FullEvery)
	if !core.PolicyName.MatchString(name) {
		return p, "", "a policy is named with letters, digits, dots, dashes and underscores, up to 63 of them"
	}
	var err error
	if p.Filter, err = core.ParseFilter(c.Filter, core.VolumeFields); err != nil {
		return p, "filter", err.Error()
	}
	if c.Every == "" {
		return p, "", "policy " + name + ` does not say how often: write every = "24h"`
	}
	if p.Every, err = core.ParseAge(c.Every); err != nil || p.Every < time.Minute || p.Every > 366*24*time.Hour {
		return p, "every", c.Every + ` is no time from 1m to 366d: write "24h" or "7d"`
	}
	p.Grace = p.Every / 4
	if c.Grace != "" {
		if p.Grace, err = core.ParseAge(c.Grace); err != nil {
			return p, "grace", c.Grace + ` is no time: write "6h"`
		}
	}
	if c.ProvenEvery != "" {
		if p.ProvenEvery, err = core.ParseAge(c.ProvenEvery); err != nil || p.ProvenEvery < time.Hour || p.ProvenEvery > 3660*24*time.Hour {
			return p, "proven_every", c.ProvenEvery + ` is no time from 1h to 3660d: write "30d"`
		}
	}
	if c.FullEvery < 0 {
		return p, "full_every", "full_every wants a number from 1: each so-manyth backup is a full one"
	}
	for _, r := range []struct {
		key string
		n   int
	}{{"last", c.Keep.Last}, {"hourly", c.Keep.Hourly}, {"daily", c.Keep.Daily}, {"weekly", c.Keep.Weekly}, {"monthly", c.Keep.Monthly},
		{"yearly", c.Keep.Yearly}, {"at_least", c.Keep.AtLeast}} {
		if r.n < 0 {
			return p, "keep." + r.key, r.key + " wants a number from 1, or none"
		}
	}
	return p, "", ""
}

// Chosen are policies by their names, all where none is named. CodeNotFound for one that
// there is not.
func Chosen(all []Policy, names []string) ([]Policy, error) {
	const tried = "choose a policy"
	if len(all) == 0 {
		return nil, core.Fail(core.CodeNotFound, tried, "the config has none",
			`write one: [policy.gold], metadata = { backup = "gold" }, every = "24h"; hearth help check shows more`, nil)
	}
	if len(names) == 0 {
		return all, nil
	}
	var out []Policy
	for _, name := range names {
		i := slices.IndexFunc(all, func(p Policy) bool { return p.Name == name })
		if i < 0 {
			var have []string
			for _, p := range all {
				have = append(have, p.Name)
			}
			return nil, core.Fail(core.CodeNotFound, tried, "there is no policy "+name, "the config has "+strings.Join(have, ", "), nil)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// covered is what policies are about: volumes, and the backups of those.
type covered struct {
	policies []Policy
	volumes  []policyVolume // by policy, and then as the place lists them
	backups  map[core.VolumeID][]core.Backup
	unseen   []string // what could not be seen, in clauses
	short    error    // why a list is not whole
	projects core.FieldSet
}

// policyVolume is a volume that a policy is about.
type policyVolume struct {
	policy *Policy
	volume core.Volume
	err    error // why it is not known whether the policy is about it
}

// reads is how many volumes are read at once for their metadata.
const reads = 4

// cover finds the volumes of policies, newly read, and their backups.
func (d Desk) cover(ctx context.Context, policies []Policy, progress Progress) (c covered, err error) {
	c = covered{policies: policies, backups: map[core.VolumeID][]core.Backup{}, projects: core.FieldSet{}}
	progress.say(0, 0, "reading the volumes")
	var all []core.Volume
	for v, err := range d.eachVolume(ctx, core.Query{Anew: true}) {
		short, err := notWhole(err)
		switch {
		case err != nil:
			return c, err
		case short != nil:
			c.short, c.unseen = short, append(c.unseen, "the list of volumes ended early")
		default:
			all = append(all, v)
			c.projects[string(v.ProjectID)] = true
		}
	}
	for i := range policies {
		if err := d.chosen(ctx, &c, &policies[i], all); err != nil {
			return c, err
		}
	}
	progress.say(0, 0, "reading the backups")
	for _, v := range c.volumes {
		c.backups[v.volume.ID] = nil
	}
	if len(c.volumes) == 0 {
		return c, nil
	}
	for b, err := range d.eachBackup(ctx, newestFirst()) {
		short, err := notWhole(err)
		switch {
		case err != nil:
			return c, err
		case short != nil:
			c.short, c.unseen = short, append(c.unseen, "the list of backups ended early")
		default:
			if rows, ours := c.backups[b.VolumeID]; ours {
				c.backups[b.VolumeID] = append(rows, b)
			}
		}
	}
	if why := d.Narrowed(c.projects); why != "" {
		c.unseen = append(c.unseen, why)
	}
	return c, nil
}

// chosen adds the volumes that a policy is about.
func (d Desk) chosen(ctx context.Context, c *covered, p *Policy, all []core.Volume) error {
	var some []policyVolume
	for i := range all {
		v := &all[i]
		project := p.Project == "" || p.Project == string(v.ProjectID) || p.Project == v.ProjectName.Or("")
		if project && core.Match(p.Filter, core.VolumeFields, v, d.Now()) {
			some = append(some, policyVolume{policy: p, volume: *v})
		}
	}
	if len(p.Metadata) > 0 { // no list has it
		var wg sync.WaitGroup
		turns := make(chan bool, reads)
		for i := range some {
			wg.Go(func() {
				turns <- true
				defer func() { <-turns }()
				if v, err := d.Place.Volume(ctx, some[i].volume.ID); err == nil {
					some[i].volume.Metadata = v.Metadata
				} else {
					some[i].err = err
				}
			})
		}
		wg.Wait()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	for _, v := range some {
		switch {
		case core.CodeOf(v.err) == core.CodeNotFound: // it went meanwhile
		case v.err != nil, has(&v.volume, p.Metadata):
			c.volumes = append(c.volumes, v)
		}
	}
	return nil
}

// has reports whether a volume has each of some keys with its value.
func has(v *core.Volume, metadata map[string]string) bool {
	for k, want := range metadata {
		if got, ok := v.Metadata.Get(k); !ok || got.Text() != want {
			return false
		}
	}
	return true
}

// PolicyState is what there is to say of a volume under a policy.
type PolicyState struct {
	Policy      string
	Volume      core.Volume
	Every       time.Duration
	core.Judged              // the worse of what the backups and what the drills say
	Aged        core.Keeping // what the backups say alone
	Proof       core.Proofed // what the drills say
}

// PolicyReport is how far policies are kept.
type PolicyReport struct {
	Policies []Policy
	States   []PolicyState
	Unseen   []string // what could not be seen, in clauses: what is said may be otherwise there
}

// Count counts the states of a policy, or of all with an empty name.
func (r *PolicyReport) Count(policy string) (n map[core.Keeping]int) {
	n = map[core.Keeping]int{}
	for _, s := range r.States {
		if policy == "" || s.Policy == policy {
			n[s.Keeping]++
		}
	}
	return n
}

// CountProofs counts how far the volumes of a policy, or of all with an empty name, that
// wants backups proven are so.
func (r *PolicyReport) CountProofs(policy string) (n map[core.Keeping]int) {
	n = map[core.Keeping]int{}
	for _, s := range r.States {
		if s.Proof.Keeping != "" && (policy == "" || s.Policy == policy) {
			n[s.Proof.Keeping]++
		}
	}
	return n
}

// Says is what a check comes to.
func (r *PolicyReport) Says() string {
	n := r.Count("")
	text := fmt.Sprintf("%d of %s kept", n[core.PolicyKept], core.Count(len(r.States), "volume"))
	for _, k := range []core.Keeping{core.PolicyBroken, core.PolicyMissed, core.PolicyUnknown} {
		if n[k] > 0 {
			text += fmt.Sprintf(", %d %s", n[k], k)
		}
	}
	proofs, of := r.CountProofs(""), 0
	for _, n := range proofs {
		of += n
	}
	if of > 0 {
		text += fmt.Sprintf("; drills proved %d of %s in time", proofs[core.PolicyKept], core.Count(of, "volume"))
		if n := proofs[core.PolicyUnknown]; n > 0 {
			text += fmt.Sprintf(", %d not known", n)
		}
	}
	return text
}

// CheckPolicies says which volumes break which policy. It asks for nothing to be done. What
// there is comes with CodeIncomplete too, where a list ended early.
func (d Desk) CheckPolicies(ctx context.Context, policies []Policy, progress Progress) (PolicyReport, error) {
	r := PolicyReport{Policies: policies}
	c, err := d.cover(ctx, policies, progress)
	if r.Unseen = c.unseen; err != nil {
		return r, err
	}
	proofs, err := d.proofsFor(ctx, policies)
	if err != nil {
		return r, err
	}
	if proofs.why != "" {
		r.Unseen = append(r.Unseen, "whether backups were proven is not known: "+proofs.why)
	}
	for _, v := range c.volumes {
		s := PolicyState{Policy: v.policy.Name, Volume: v.volume, Every: v.policy.Every}
		s.Judged = v.policy.Judge(c.backups[v.volume.ID], v.volume.CreatedAt, d.Now())
		s.Proof = proofs.judge(&v, d.Now())
		switch {
		case v.err != nil:
			s.Judged = core.Judged{Keeping: core.PolicyUnknown, Why: "its metadata could not be read: " + v.err.Error()}
		case c.short != nil && s.Keeping != core.PolicyKept:
			s.Keeping, s.Since, s.Why = core.PolicyUnknown, core.Opt[time.Time]{}, "not all backups were seen, as the list ended early"
		}
		if s.Aged = s.Keeping; v.err == nil {
			s.Judged = s.Judged.With(s.Proof)
		}
		r.States = append(r.States, s)
	}
	for i := range policies {
		if n := r.Count(policies[i].Name); len(n) == 0 {
			r.Unseen = append(r.Unseen, "policy "+policies[i].Name+" is about no volume that is seen")
		}
	}
	return r, c.short
}

// serving says why no backup could be made now, "" where one could as far as is known; seen
// is false where the login may not see the services.
func (d Desk) serving(ctx context.Context) (why string, seen bool) {
	s, ok := d.Place.(store.Surveyor)
	if !ok {
		return "", false
	}
	services, err := s.BackupServices(ctx)
	if err != nil {
		return "", false
	}
	for _, b := range services {
		if b.Up && b.Enabled {
			return "", true
		}
	}
	return fmt.Sprintf("none of %s is up and enabled", core.Count(len(services), "backup service")), true
}
