package store

import (
	"context"
	"time"

	"hearth/core"
)

// OpenRepository opens the backup repository that is configured for a place; nil if none is.
// What is read of it is kept in cacheDir, "" for nowhere.
func (c Config) OpenRepository(ctx context.Context, pc PlaceConfig, cacheDir string) (Repository, error) {
	if pc.Repository == "" {
		return nil, nil
	}
	loc, rc, err := c.Find(pc.Repository)
	if err != nil {
		return nil, err
	}
	place, err := Open(ctx, loc, Options{Now: time.Now, Config: rc, CacheDir: cacheDir})
	if err != nil {
		return nil, err
	}
	r, ok := place.(Repository)
	if !ok {
		place.Close()
		return nil, core.Fail(core.CodeUsage, "open the repository "+pc.Repository, "it is no backup repository",
			"name a posix:/DIR, an s3://… or a swift:… in the config", nil)
	}
	return r, nil
}
