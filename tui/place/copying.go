package place

import (
	"context"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/ui"
)

// RawBackup reads a backup with its chain as the place gives it, as hearth backup prints it.
func (s *Stay) RawBackup(id core.BackupID) func(context.Context) (*pyjson.Object, error) {
	desk := s.Desk()
	return func(ctx context.Context) (*pyjson.Object, error) {
		full, err := desk.Place.Backup(ctx, id)
		if err != nil {
			return nil, err
		}
		chain, err := desk.Chain(ctx, id)
		return core.BackupObject(&full, chain), err
	}
}

// RawVolume reads a volume as the place gives it, as hearth volume prints it.
func (s *Stay) RawVolume(id core.VolumeID) func(context.Context) (*pyjson.Object, error) {
	desk := s.Desk()
	return func(ctx context.Context) (*pyjson.Object, error) {
		full, err := desk.Place.Volume(ctx, id)
		return core.VolumeObject(&full), err
	}
}

// CopyBackup says of a row whose id is a backup's how the place gives that, and by which
// command it is shown.
func (s *Stay) CopyBackup(c *ui.Copying) {
	c.Raw, c.Command = s.RawBackup(core.BackupID(c.ID)), s.Command("backup", []string{c.ID})
}

// CopyVolume does so of a row whose id is a volume's.
func (s *Stay) CopyVolume(c *ui.Copying) {
	c.Raw, c.Command = s.RawVolume(core.VolumeID(c.ID)), s.Command("volume", []string{c.ID})
}
