package clouds

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"hearth/core"
	"hearth/store/whole"
)

// World is what a login is read from besides the files.
type World struct {
	Env  map[string]string
	Dir  string // the working folder
	Home string // the user's; "": there is none
}

// Here is the world of this process.
func Here() World {
	w := World{Env: map[string]string{}}
	for _, v := range os.Environ() {
		name, text, _ := strings.Cut(v, "=")
		w.Env[name] = text
	}
	w.Dir, _ = os.Getwd()
	if w.Home, _ = os.UserHomeDir(); w.Home == "" {
		if u, err := user.Current(); err == nil {
			w.Home = u.HomeDir
		}
	}
	return w
}

// Book is what the files say. No entry of it has been looked into yet.
type Book struct {
	world World

	path   string // of clouds.yaml; "": there is none
	clouds part

	secure, public       part  // of secure.yaml and of clouds-public.yaml
	secureBad, publicBad error // why they cannot be read

	passed []string // files that are there and may not be read: the client goes on to the next
}

// part is what a file says of some names: a section of it.
type part struct {
	tree  *tree
	names []string
	of    map[string]*yaml.Node
}

// value reads what a part says of a name; nil if it says nothing.
func (p part) value(name string) *value {
	n, ok := p.of[name]
	if !ok {
		return nil
	}
	return p.tree.reader().value(n, 0)
}

// Open reads the first clouds.yaml there is, and the first secure.yaml. Without any
// the book is empty. CodeUnreadable where clouds.yaml is no YAML that names clouds;
// what is wrong with the others is told when an entry is asked for.
func Open(w World) (*Book, error) {
	b := &Book{world: w}
	var err error
	if b.path, b.clouds, err = b.first("clouds", "clouds", "OS_CLIENT_CONFIG_FILE"); err != nil {
		return b, err
	}
	_, b.secure, b.secureBad = b.first("secure", "clouds", "OS_CLIENT_SECURE_FILE")
	_, b.public, b.publicBad = b.first("clouds-public", "public-clouds", "")
	return b, nil
}

// Path is the clouds.yaml that was read, "" for none.
func (b *Book) Path() string { return b.path }

// Secure is the secure.yaml that was read, "" for none.
func (b *Book) Secure() string {
	if b.secure.tree == nil {
		return ""
	}
	return b.secure.tree.file
}

// Passed are the files that are there and cannot be read: the next one was taken.
func (b *Book) Passed() []string { return b.passed }

// Names lists the clouds that there are entries of, sorted.
func (b *Book) Names() []string {
	out := slices.Clone(b.clouds.names)
	for _, name := range b.secure.names {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Files are where a file of a kind ("clouds", "secure", "clouds-public") is looked
// for (openstack/config/loader.py, CONFIG_SEARCH_PATH): the working folder, the
// user's, the system's.
func (w World) Files(kind string) []string {
	or := func(text, other string) string {
		if text == "" {
			return other
		}
		return text
	}
	dirs := []string{w.Dir}
	home := filepath.Join(w.Home, ".config")
	if config := w.Env["XDG_CONFIG_HOME"]; config != "" || w.Home != "" {
		dirs = append(dirs, filepath.Join(or(config, home), "openstack"))
	}
	if snap := w.Env["SNAP_REAL_HOME"]; snap != "" {
		home = filepath.Join(snap, ".config")
	}
	if w.Home != "" || w.Env["SNAP_REAL_HOME"] != "" {
		dirs = append(dirs, filepath.Join(home, "openstack"))
	}
	dirs = append(dirs, filepath.Join(or(w.Env["XDG_CONFIG_DIRS"], "/etc/xdg"), "openstack"), "/etc/openstack")
	var out []string
	for _, dir := range dirs {
		for _, ext := range extensions {
			if path := filepath.Join(dir, kind+ext); !slices.Contains(out, path) {
				out = append(out, path)
			}
		}
	}
	return out
}

var extensions = []string{".yaml", ".yml", ".json"}

// Folders are where clouds.yaml is looked for.
func (w World) Folders() []string {
	var out []string
	for _, path := range w.Files("clouds") {
		if dir := filepath.Dir(path); !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	return out
}

// Set are the OS_* variables that are set, sorted. Their values may be secrets.
func (w World) Set() []string {
	var out []string
	for name, text := range w.Env {
		if strings.HasPrefix(name, "OS_") && text != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// first reads a section of the first file of a kind that there is.
func (b *Book) first(kind, section, variable string) (string, part, error) {
	paths := b.world.Files(kind)
	if path := b.world.Env[variable]; path != "" { // it is looked at first, and not alone
		paths = append([]string{b.world.path(path)}, paths...)
	}
	if kind != "clouds" && b.path != "" { // openstack does not look beside a file that a variable names
		for _, ext := range extensions {
			if path := filepath.Join(filepath.Dir(b.path), kind+ext); !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	for _, path := range paths {
		body, err := whole.ReadSettings(path)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
			continue
		case err != nil:
			b.passed = append(b.passed, path)
			continue
		}
		t, err := parse(path, body)
		if err != nil {
			return path, part{}, notClouds(path, err)
		}
		p := part{tree: t}
		why := ""
		if p.names, p.of, why = t.section(section); why != "" {
			return path, p, notClouds(path, errors.New(why))
		}
		return path, p, nil
	}
	return "", part{}, nil
}

func notClouds(path string, err error) error {
	return core.Fail(core.CodeUnreadable, "read "+path, "it is no YAML that describes clouds: "+brief(err),
		"repair it: openstack cannot read it either", errors.New(brief(err)))
}

// brief is the cause of a reader's error, in one line and without the file's text.
func brief(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if first, _, more := strings.Cut(text, "\n"); more {
		text = first
	}
	return strings.TrimSuffix(quotes.ReplaceAllString(text, "…"), ":")
}

// quotes are a text of the file's in a reader's error: an alias, a tag or a value, and so
// perhaps a password that begins as one.
var quotes = regexp.MustCompile("'[^']*'|`[^`]*`|\"[^\"]*\"")
