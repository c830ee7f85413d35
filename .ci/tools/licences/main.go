// licences says under which licences the modules are that are linked into hearth, for each
// system it is released for, and refuses what is not on the list of those that may be: an
// unknown text, a module without one. With -notices it prints the texts themselves, which
// whoever passes the program on has to pass on with it.
//
//	go run . [-notices] [-root DIR] [OS/ARCH...]
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// released is what hearth is built for, as .ci/release has it.
var released = []string{"linux/amd64", "linux/arm64", "linux/ppc64le", "linux/s390x", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// module is a module that is linked, or Go's own library.
type module struct {
	path, version, dir string
	packages           []string // folders of those that are linked
}

// text is one licence file, and what it is.
type text struct {
	name  string // below the module
	kinds []string
	data  string
}

func main() {
	notices := flag.Bool("notices", false, "print the texts")
	root := flag.String("root", ".", "the repository")
	flag.Parse()
	targets := flag.Args()
	if len(targets) == 0 {
		targets = released
	}
	modules, err := linked(*root, targets)
	if err == nil {
		err = report(os.Stdout, modules, *notices)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// linked lists the modules that any of the targets has linked in, by path.
func linked(root string, targets []string) ([]*module, error) {
	all := map[string]*module{}
	for _, target := range targets {
		system, arch, _ := strings.Cut(target, "/")
		const format = "{{if .Standard}}std\t\t\t{{.Dir}}{{else}}{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}\t{{.Dir}}{{end}}"
		cmd := exec.Command("go", "list", "-deps", "-f", format, ".")
		cmd.Dir, cmd.Stderr = root, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", target, err)
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			if len(f) != 4 {
				return nil, fmt.Errorf("go list for %s: %q is not what was asked for", target, line)
			}
			if f[0] == "hearth" {
				continue
			}
			m := all[f[0]]
			if m == nil {
				m = &module{path: f[0], version: f[1], dir: f[2]}
				all[f[0]] = m
			}
			m.packages = append(m.packages, f[3])
		}
	}
	if std := all["std"]; std != nil {
		out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
		if err != nil {
			return nil, fmt.Errorf("go env: %w", err)
		}
		f := strings.Fields(string(out))
		// Deeper in it only what is linked with GOEXPERIMENT=boringcrypto has a licence of its own.
		std.path, std.dir, std.version, std.packages = "Go's standard library", f[0], f[len(f)-1], nil
	}
	var out []*module
	for _, m := range all {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *module) int { return strings.Compare(a.path, b.path) })
	return out, nil
}

// report prints a line for each module, or with notices its texts; the error counts those
// that may not be in hearth, or of which that is not known.
func report(w io.Writer, modules []*module, notices bool) error {
	var refused []string
	kinds := map[string]int{}
	for _, m := range modules {
		texts, err := m.texts()
		if err != nil {
			return err
		}
		why := weigh(texts)
		if why != "" {
			refused = append(refused, m.path+" "+m.version+": "+why)
			continue
		}
		words := allKinds(texts)
		for _, k := range words {
			kinds[k]++
		}
		if !notices {
			fmt.Fprintf(w, "%-50s %-42s %s\n", m.path, m.version, strings.Join(words, ", "))
			continue
		}
		fmt.Fprintf(w, "%s\n%s %s: %s\n", strings.Repeat("=", 80), m.path, m.version, strings.Join(words, ", "))
		for _, t := range texts {
			fmt.Fprintf(w, "\n--- %s\n\n%s\n", t.name, strings.TrimRight(t.data, "\n"))
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("%d of %d modules may not be linked, or it is not known whether they may:\n  %s\n"+
			"read the text; what may be is in kinds.go, beside it why", len(refused), len(modules), strings.Join(refused, "\n  "))
	}
	if !notices {
		fmt.Fprintf(w, "%d modules, all of them may be linked: %v\n", len(modules), kinds)
	}
	return nil
}

// weigh says why a module with these texts may not be linked; "" if it may.
func weigh(texts []text) string {
	licensed := false
	for _, t := range texts {
		if len(t.kinds) == 0 {
			return "the text of " + t.name + " is not known"
		}
		for _, k := range t.kinds {
			if strings.HasPrefix(k, refusedKind) {
				return t.name + " is " + strings.TrimPrefix(k, refusedKind)
			}
			licensed = licensed || k != notice
		}
	}
	if !licensed {
		return "it has no licence"
	}
	return ""
}

func allKinds(texts []text) (out []string) {
	for _, t := range texts {
		out = append(out, t.kinds...)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(k string) bool { return k == notice })
}

// texts reads the licence files that hold for what is linked of the module: those of its
// top, of each linked package, and of the folders in between.
func (m *module) texts() ([]text, error) {
	folders := map[string]bool{m.dir: true}
	for _, p := range m.packages {
		for dir := p; strings.HasPrefix(dir, m.dir+string(filepath.Separator)); dir = filepath.Dir(dir) {
			folders[dir] = true
		}
	}
	var out []text
	for dir := range folders {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !isLicence(e) {
				continue
			}
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			name, _ := filepath.Rel(m.dir, filepath.Join(dir, e.Name()))
			if says, ok := apart[m.path+" "+name]; ok && plain(string(data)) == says {
				continue
			}
			out = append(out, text{filepath.ToSlash(name), kindsOf(e.Name(), string(data)), string(data)})
		}
	}
	slices.SortFunc(out, func(a, b text) int {
		return cmp.Or(strings.Count(a.name, "/")-strings.Count(b.name, "/"), strings.Compare(a.name, b.name))
	})
	return out, nil
}

// isLicence goes by the name, as people and tools do.
func isLicence(e fs.DirEntry) bool {
	name := strings.ToUpper(e.Name())
	if e.IsDir() || strings.HasSuffix(name, ".GO") {
		return false
	}
	for _, word := range []string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE", "NOTICE", "PATENTS"} {
		if strings.HasPrefix(name, word) || strings.HasSuffix(name, "-"+word) || strings.HasSuffix(name, "."+word) {
			return true
		}
	}
	return false
}
