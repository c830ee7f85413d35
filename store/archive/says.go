package archive

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"hearth/core"
)

// Says is what hearth check says of the archive in a file; nothing where there is none.
func Says(ctx context.Context, file string) ([]string, error) {
	if _, err := os.Stat(file); file == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	x, err := Examine(ctx, file)
	switch {
	case err != nil:
		return []string{"the archive cannot be read"}, err
	case x.Damage != "":
		return []string{"the archive is damaged: " + x.Damage}, core.Fail(core.CodeUnreadable, "check the archive "+file,
			"it is damaged: "+x.Damage, "restore it from a copy, or move it away", nil)
	}
	return x.Says(), x.Err("check the archive " + file)
}
