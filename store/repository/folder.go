package repository

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"hearth/core"
	"hearth/store/scan"
)

// folderPage is how many entries of a folder are read at a time: a folder may
// hold a hundred thousand.
const folderPage = 512

// folder is the repository of the posix, NFS and GlusterFS drivers.
type folder struct {
	path  string
	root  *os.Root
	above string // its whole path, with slashes, without lead
	lead  string // of the names of objects, what its path has already; see spot
}

// openFolder opens a folder. CodeNotFound, CodeDenied, CodeUsage if it is none.
func openFolder(dir string) (*folder, error) {
	tried := "open the repository " + dir
	root, err := os.OpenRoot(dir)
	if err != nil {
		if info, serr := os.Stat(dir); serr == nil && !info.IsDir() {
			return nil, core.Fail(core.CodeUsage, tried, "it is no folder",
				"name the folder that backup_posix_path names, or the mounted share", err)
		}
		return nil, explainFile(tried, err)
	}
	f := &folder{path: dir, root: root, above: filepath.ToSlash(dir)}
	if whole, err := filepath.Abs(dir); err == nil {
		f.above = filepath.ToSlash(whole)
	}
	up, last := cutLast(f.above)
	_, volume := cutLast(up)
	switch {
	case isVolumeFolder(last):
		f.lead = last
	case isVolumeFolder(volume) && readStamp(last).Set:
		f.lead = volume + "/" + last
	}
	f.above = strings.TrimSuffix(strings.TrimSuffix(f.above, f.lead), "/")
	return f, nil
}

// isVolumeFolder reports whether a folder is what the names of a volume's objects begin
// with in a container that was downloaded.
func isVolumeFolder(s string) bool {
	id, ok := strings.CutPrefix(s, "volume_")
	return ok && isUUID(id)
}

// spot tells the container of the files of a folder, and what their names begin with:
// a container of Swift's, S3's or GCS's that was downloaded has folders where names
// have slashes, volume_VOLUME/YYYYmmddHHMMSS/az_….
func (f *folder) spot(dir string) (container, lead string) {
	whole := strings.Trim(f.lead+"/"+dir, "/")
	up, stamp := cutLast(whole)
	container, volume := cutLast(up)
	if !isVolumeFolder(volume) || !readStamp(stamp).Set {
		return dir, ""
	}
	return container, volume + "/" + stamp + "/"
}

// at is the path of an object under the root.
func (f *folder) at(container, name string) string {
	if f.lead != "" && container == "" && strings.HasPrefix(name+"/", f.lead+"/") {
		name = strings.TrimPrefix(name[len(f.lead):], "/")
	}
	return path.Join(container, name)
}

// OpenFolder opens a folder as a bucket.
func OpenFolder(dir string) (Bucket, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func explainFile(tried string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return core.Fail(core.CodeNotFound, tried, "it is not there", "look whether the path is right and the share is mounted", err)
	case errors.Is(err, fs.ErrPermission):
		return core.Fail(core.CodeDenied, tried, "this user may not read it",
			"run hearth as a user that may: Cinder's files belong to its group", err)
	}
	return core.Fail(core.CodeUnavailable, tried, reason(err), "look whether the share is mounted and answers", err)
}

// reason is an error of the system without the path, which the sentence has.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func (f *folder) Sorted() bool            { return false }
func (f *folder) Close() error            { return f.root.Close() }
func (f *folder) Service() (string, bool) { return PosixDriver, false }

// List goes through the folder: first the files of each, then its folders.
func (f *folder) List(ctx context.Context, page func([]Object) error) error {
	pending := []string{""}
	buf := make([]Object, 0, folderPage) // there may be a folder for each backup
	for len(pending) > 0 {
		dir := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		err := f.read(ctx, dir, "", buf, page, func(sub string) { pending = append(pending, sub) })
		switch {
		case err == nil:
		case dir != "" && core.CodeOf(err) == core.CodeNotFound: // gone meanwhile
		case dir != "" && core.CodeOf(err) == core.CodeDenied: // lost+found, as a rule
			up, base := path.Split(dir)
			closed := Object{Container: strings.TrimSuffix(up, "/"), Name: base + "/", Problem: "this user may not read the folder"}
			if err := page([]Object{closed}); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// ListPrefix lists the files of one folder. Cinder's own listing sees folders too.
func (f *folder) ListPrefix(ctx context.Context, container, prefix string, page func([]Object) error) error {
	dir, base := cutLast(prefix)
	return f.read(ctx, f.at(container, dir), base, nil, page, func(string) {})
}

// read pages through one folder. A folder in it whose name a backup might have is
// told as an object too, with a slash at its end: Cinder would take it for one. The room
// in objects is used for pages.
func (f *folder) read(ctx context.Context, dir, prefix string, objects []Object, page func([]Object) error, sub func(string)) error {
	tried := "list the folder " + path.Join(f.path, dir)
	d, err := f.root.Open(orDot(dir))
	if err != nil {
		return explainFile(tried, err)
	}
	defer d.Close()
	for {
		if err := scan.Stopped(ctx, tried); err != nil {
			return err
		}
		entries, err := d.ReadDir(folderPage)
		objects = objects[:0]
		for _, e := range entries {
			if e.IsDir() {
				sub(path.Join(dir, e.Name()))
			}
			if strings.HasPrefix(e.Name(), prefix) {
				if o, ok := f.object(dir, e); ok {
					objects = append(objects, o)
				}
			}
		}
		if len(objects) > 0 {
			if err := page(objects); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), err == nil && len(entries) == 0:
			return nil
		case err != nil:
			return explainFile(tried, err)
		}
	}
}

// object is what a folder's entry is to a backup. A link is the file that it leads
// to, as long as that is in the repository.
func (f *folder) object(dir string, e fs.DirEntry) (Object, bool) {
	container, lead := f.spot(dir)
	o := Object{Container: container, Name: lead + e.Name()}
	switch {
	case e.IsDir():
		o.Name += "/"
		return o, strings.HasPrefix(e.Name(), "volume_") || strings.HasPrefix(e.Name(), flatPrefix) || strings.HasPrefix(e.Name(), "az_")
	case e.Type()&fs.ModeSymlink != 0:
		info, err := f.root.Stat(path.Join(dir, e.Name()))
		if err != nil || !info.Mode().IsRegular() {
			o.Problem = "a link that leads to no file in the repository"
			return o, true
		}
		o.Size = info.Size()
		o.stamp(info)
		return o, true
	case !e.Type().IsRegular():
		o.Problem = "no file, but " + e.Type().String()
		return o, true
	}
	info, err := e.Info()
	if err != nil {
		return o, false // gone meanwhile
	}
	o.Size = info.Size()
	o.stamp(info)
	return o, true
}

// stamp takes the tag of a file from what the system tells of it, if its name is one of
// the two that a scan reads: when its bytes changed, when anything of it did, which no
// program can set, and which file it is. A system that does not tell the second gives no
// tag: a file can be written anew there, with as many bytes, and look the same.
func (o *Object) stamp(info fs.FileInfo) {
	if !strings.HasSuffix(o.Name, metadataSuffix) && !strings.HasSuffix(o.Name, hashesSuffix) {
		return
	}
	written := info.ModTime()
	changed, file, ok := changeOf(info)
	if !ok {
		return
	}
	tag := binary.LittleEndian.AppendUint64(make([]byte, 0, 24), uint64(written.UnixNano()))
	tag = binary.LittleEndian.AppendUint64(tag, uint64(changed.UnixNano()))
	o.Tag = asText(binary.LittleEndian.AppendUint64(tag, file))
	if o.Time = written; changed.After(written) {
		o.Time = changed
	}
}

// identity is which folder it is, and as whom it is read.
func (f *folder) identity(context.Context) (string, bool) {
	groups, err := os.Getgroups()
	return fmt.Sprintf("folder %q %q as %d %v", f.above, f.lead, os.Geteuid(), groups), err == nil
}

// Get opens a file. What a listing named as one may be something else by now: the opening
// of a pipe would wait for ever.
func (f *folder) Get(ctx context.Context, container, name string) (io.ReadCloser, error) {
	at := f.at(container, name)
	tried := "read " + path.Join(f.path, at)
	if err := scan.Stopped(ctx, tried); err != nil {
		return nil, err
	}
	if info, err := f.root.Stat(at); err == nil && !info.Mode().IsRegular() {
		return nil, core.Fail(core.CodeUnreadable, tried, "it is no ordinary file", "", nil)
	}
	file, err := f.root.OpenFile(at, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, explainFile(tried, err)
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() { // it was put there meanwhile
		file.Close()
		return nil, core.Fail(core.CodeUnreadable, tried, "it is no ordinary file", "", err)
	}
	return file, nil
}

func orDot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}
