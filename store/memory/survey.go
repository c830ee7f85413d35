package memory

import (
	"context"
	"slices"

	"hearth/core"
	"hearth/core/pyjson"
)

// survey is what a cloud knows beside its rows.
type survey struct {
	hidden   bool // the login may see none of it
	keys     map[core.BackupID]bool
	drivers  map[core.BackupID]string
	encrypts map[string]bool // types, by id
	quota    map[string]core.Allowance
	services []core.BackupService
}

// Hides makes the cloud show nothing of what only administrators see: drivers, hidden
// keys, the encryption of types, services.
func (c *Cloud) Hides(yes bool) { c.set(func(s *survey) { s.hidden = yes }) }

// Fixed gives a backup a key that its row does not show, as the fixed one of Cinder's
// own key manager.
func (c *Cloud) Fixed(id core.BackupID) { c.set(func(s *survey) { s.keys[id] = true }) }

// Made says which driver made a backup whose row does not say so.
func (c *Cloud) Made(id core.BackupID, service string) {
	c.set(func(s *survey) { s.drivers[id] = service })
}

// Encrypting makes volumes of a type, by its id, encrypted.
func (c *Cloud) Encrypting(volumeType string) {
	c.set(func(s *survey) { s.encrypts[volumeType] = true })
}

// DropType deletes a volume type, by its id.
func (c *Cloud) DropType(id string) {
	c.Place.mu.Lock()
	defer c.Place.mu.Unlock()
	c.types = slices.DeleteFunc(slices.Clone(c.types), func(t core.VolumeType) bool { return t.ID == id })
}

// Guesses makes the cloud take a backup's parent for the one that it names.
func (c *Cloud) Guesses(id core.BackupID) {
	c.Place.mu.Lock()
	defer c.Place.mu.Unlock()
	if b := c.find(id); b != nil {
		b.ParentGuessed = true
	}
}

// Allows sets the quota; before, there is no limit.
func (c *Cloud) Allows(q map[string]core.Allowance) { c.set(func(s *survey) { s.quota = q }) }

// Serves says which backup services there are; before, one is up.
func (c *Cloud) Serves(services ...core.BackupService) {
	c.set(func(s *survey) { s.services = services })
}

func (c *Cloud) set(change func(*survey)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.survey)
}

func newSurvey() survey {
	return survey{keys: map[core.BackupID]bool{}, drivers: map[core.BackupID]string{}, encrypts: map[string]bool{},
		quota: map[string]core.Allowance{}, services: []core.BackupService{{Host: "alpha", Zone: "nova", Up: true, Enabled: true}}}
}

// look reads the survey as one call.
func (c *Cloud) look(ctx context.Context, method, tried string) (survey, error) {
	if err := c.enter(ctx, method, tried); err != nil {
		return survey{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.survey.hidden {
		return survey{}, core.Fail(core.CodeDenied, tried, "only an administrator may see that", "", nil)
	}
	return c.survey, nil
}

// Driver says which driver made a backup.
func (c *Cloud) Driver(ctx context.Context, id core.BackupID) (core.Opt[string], error) {
	s, err := c.look(ctx, "Driver", "learn which driver made the backup")
	if service, ok := s.drivers[id]; ok {
		return core.Some(service), err
	}
	return core.Opt[string]{}, err
}

// Keyed reports whether a backup has a key, one that its row does not show too.
func (c *Cloud) Keyed(ctx context.Context, id core.BackupID) (core.Opt[bool], error) {
	s, err := c.look(ctx, "Keyed", "learn whether the backup is encrypted")
	return core.Opt[bool]{V: s.keys[id], Set: err == nil}, err
}

// Encrypts reports whether a type encrypts.
func (c *Cloud) Encrypts(ctx context.Context, volumeType string) (bool, error) {
	s, err := c.look(ctx, "Encrypts", "learn whether the volume type encrypts")
	return s.encrypts[volumeType], err
}

// Zones are those that volumes are in.
func (c *Cloud) Zones(ctx context.Context) (out []string, err error) {
	if err := c.enter(ctx, "Zones", "list the availability zones"); err != nil {
		return nil, err
	}
	c.Place.mu.RLock()
	defer c.Place.mu.RUnlock()
	for i := range c.volumes {
		if zone := c.volumes[i].AvailabilityZone.Or(""); zone != "" && !slices.Contains(out, zone) {
			out = append(out, zone)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Snapshots are what the world has.
func (c *Cloud) Snapshots(ctx context.Context, of core.VolumeID) (out []core.Snapshot, err error) {
	if err := c.enter(ctx, "Snapshots", "list the snapshots"); err != nil {
		return nil, err
	}
	for _, x := range c.shots {
		if of == "" || x.VolumeID == of {
			out = append(out, x)
		}
	}
	return out, nil
}

// Quota returns what the test set; who is not an administrator sees it too.
func (c *Cloud) Quota(ctx context.Context) (map[string]core.Allowance, error) {
	if err := c.enter(ctx, "Quota", "ask for the quota"); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.survey.quota, nil
}

// BackupServices lists what the test set.
func (c *Cloud) BackupServices(ctx context.Context) ([]core.BackupService, error) {
	s, err := c.look(ctx, "BackupServices", "look whether a backup service is up")
	return s.services, err
}

// MakeVolume begins to make a volume.
func (c *Cloud) MakeVolume(ctx context.Context, r core.VolumeRequest) (core.MadeVolume, error) {
	if err := c.ask(ctx, "MakeVolume", core.OpMakeVolume); err != nil {
		return core.MadeVolume{}, err
	}
	id := core.VolumeID(c.newID())
	c.Place.mu.Lock()
	defer c.Place.mu.Unlock()
	b := core.Backup{Size: r.Size, ProjectID: core.ProjectID(c.scope.Project.ID)}
	v := c.newVolume(id, &b, core.RestoreRequest{Name: r.Name, Type: r.Type})
	after := v.State()
	after.Description = pyjson.OfString(r.Description)
	c.rewrite(&v, core.Rewrite{Before: v.State(), After: after})
	v.Status = core.StatusCreating
	if r.AvailabilityZone != "" {
		v.AvailabilityZone = core.Some(r.AvailabilityZone)
	}
	c.volumes = append(c.volumes, v)
	c.later(core.OpMakeVolume, func(why string) {
		v := c.volume(id)
		switch {
		case v == nil:
		case why != "":
			v.Status = core.StatusError
			c.say("VOLUME", string(id), why)
		default:
			v.Status = core.StatusAvailable
		}
	})
	return core.MadeVolume{ID: id}, nil
}

// DeleteVolume takes a volume away, at once.
func (c *Cloud) DeleteVolume(ctx context.Context, id core.VolumeID) error {
	if err := c.ask(ctx, "DeleteVolume", core.OpWriteVolume); err != nil {
		return err
	}
	c.Place.mu.Lock()
	defer c.Place.mu.Unlock()
	v := c.volume(id)
	if v == nil {
		return core.Fail(core.CodeNotFound, "delete volume "+string(id), "there is no such volume", "", nil)
	}
	if v.Status != core.StatusAvailable && v.Status != core.StatusError && v.Status != "error_restoring" {
		return refused(core.OpWriteVolume, "Invalid volume: Volume status must be available or error or error_restoring")
	}
	v.Row.Set("deleted", pyjson.OfBool(true))
	return nil
}
