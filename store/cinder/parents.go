package cinder

import (
	"slices"
	"sync"

	"hearth/core"
)

// parents remembers who stands on whom: that never changes once a backup is made. While
// it is, Ceph's driver may set another parent, or none (cinder/backup/drivers/ceph.py
// _backup_rbd: 11.0 to 14.0, and since 24.5, 25.2 and 26.0 with backup_ceph_max_snapshots).
type parents struct {
	mu    sync.Mutex
	known map[core.BackupID]core.BackupID

	service string // the backup driver that was learnt last, "" before
	asks    bool   // the cloud takes a backup's driver for a filter
	drivers map[core.BackupID]string
}

// driver is the class of a backup's driver, if that was learnt: it never changes.
func (p *parents) driver(id core.BackupID) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	service, ok := p.drivers[id]
	return service, ok
}

// lastDriver is the driver that was learnt last, and whether it was asked for.
func (p *parents) lastDriver() (service string, asks bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.service, p.asks
}

func (p *parents) learnDriver(id core.BackupID, service string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drivers == nil {
		p.drivers = map[core.BackupID]string{}
	}
	p.service, p.asks, p.drivers[id] = service, true, service
}

// learn notes those children of a backup that are made.
func (p *parents) learn(parent core.BackupID, children []core.Backup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range children {
		if children[i].Status != core.StatusCreating {
			p.known[children[i].ID] = parent
		}
	}
}

func (p *parents) of(id core.BackupID) (core.BackupID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	parent, ok := p.known[id]
	return parent, ok
}

// added is rows with those parents that are known.
func (p *parents) added(rows []core.Backup) []core.Backup {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) == 0 {
		return rows
	}
	out := make([]core.Backup, len(rows))
	for i, b := range rows {
		if parent, ok := p.known[b.ID]; ok {
			b.ParentID, b.Unseen = parent, without(b.Unseen, "parent_id")
		}
		out[i] = b
	}
	return out
}

// likelyParent is the newest of the older backups that is available, else the
// newest; "" if there is none.
func likelyParent(older []core.Backup) core.BackupID {
	for i := range older {
		if older[i].Status == core.StatusAvailable {
			return older[i].ID
		}
	}
	if len(older) > 0 {
		return older[0].ID
	}
	return ""
}

// older are the backups that were there when b was made, the newest data first.
func older(all []core.Backup, b *core.Backup) []core.Backup {
	when := func(b *core.Backup) int64 {
		if b.DataTimestamp.Set {
			return b.DataTimestamp.V.UnixMicro()
		}
		return b.CreatedAt.V.UnixMicro()
	}
	var out []core.Backup
	for i := range all {
		if all[i].ID != b.ID && when(&all[i]) <= when(b) && !all[i].CreatedAt.V.After(b.CreatedAt.V) {
			out = append(out, all[i])
		}
	}
	slices.SortStableFunc(out, func(x, y core.Backup) int { return int(when(&y) - when(&x)) })
	return out
}
