// package makes what people download of what .ci/release built: an archive for each system,
// a deb for each Linux, and the checksums of all of it. The same files and the same time give
// the same bytes: nothing of the machine, of the clock or of the person gets in.
//
// nfpm is used as a library, as its program needs modules for rpm and msix that not every
// proxy of modules has.
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// release is what is to be packed.
type release struct {
	stage      string // what was built: bin/OS-ARCH/hearth, OS-ARCH.cdx.json, the manual, completions, notices
	root       string // the repository
	out        string // where to
	version    string // without a v
	at         time.Time
	maintainer string
}

// file is one file of an archive or of a package.
type file struct {
	name string
	mode int64
	data []byte
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("package: ")
	var r release
	var at int64
	flag.StringVar(&r.stage, "stage", "", "the folder of what was built")
	flag.StringVar(&r.root, "root", ".", "the repository")
	flag.StringVar(&r.out, "out", "dist", "the folder for what is made")
	flag.StringVar(&r.version, "version", "", "the version, without a v")
	flag.StringVar(&r.maintainer, "maintainer", "", "NAME <ADDRESS>, for the debs")
	flag.Int64Var(&at, "date", 0, "the commit's time, in seconds since 1970: SOURCE_DATE_EPOCH")
	flag.Parse()
	r.at = time.Unix(at, 0).UTC()
	if r.stage == "" || r.version == "" || at == 0 || r.maintainer == "" {
		log.Fatal("-stage, -version, -date and -maintainer are needed")
	}
	if err := r.pack(); err != nil {
		log.Fatal(err)
	}
}

// pack makes all of it.
func (r release) pack() error {
	targets, err := os.ReadDir(filepath.Join(r.stage, "bin"))
	if err != nil {
		return err
	}
	for _, t := range targets {
		system, arch, ok := strings.Cut(t.Name(), "-")
		if !ok {
			return fmt.Errorf("%s is no OS-ARCH", t.Name())
		}
		if err := r.archive(system, arch); err != nil {
			return fmt.Errorf("the archive for %s: %w", t.Name(), err)
		}
		if err := r.write(fmt.Sprintf("hearth-%s-%s.cdx.json", r.version, t.Name()), r.staged(t.Name()+".cdx.json")); err != nil {
			return err
		}
		if system != "linux" {
			continue
		}
		if err := r.deb(arch); err != nil {
			return fmt.Errorf("the deb for %s: %w", arch, err)
		}
	}
	return r.sums()
}

// staged reads a file of what was built. What cannot be read ends the program: without it
// nothing is to be made.
func (r release) staged(name string) []byte { return read(filepath.Join(r.stage, name)) }

// kept reads a file of the repository.
func (r release) kept(name string) []byte { return read(filepath.Join(r.root, name)) }

// pages are the guides and the reference that the README links to, under prefix.
func (r release) pages(prefix string) []file {
	names, err := filepath.Glob(filepath.Join(r.root, ".github", "*.md"))
	if err != nil || len(names) == 0 {
		log.Fatalf("the pages in .github: %d, %v", len(names), err)
	}
	var out []file
	for _, n := range names {
		switch name := filepath.Base(n); name {
		case "CONTRIBUTING.md", "PULL_REQUEST_TEMPLATE.md", "TESTS.md": // are for who has a clone
		default:
			out = append(out, file{prefix + name, 0o644, read(n)})
		}
	}
	return out
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

// themes are the themes that hearth has in it, as files to begin an own one with.
func (r release) themes(folder string) (out []file) {
	names, _ := filepath.Glob(filepath.Join(r.root, "themes", "*.toml")) // sorted; the pattern is sound
	for _, name := range names {
		out = append(out, file{folder + filepath.Base(name), 0o644, read(name)})
	}
	return out
}

func (r release) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(r.out, name), data, 0o644)
}

// sums writes SHA256SUMS of all that was made, as sha256sum -c reads it.
func (r release) sums() error {
	names, err := filepath.Glob(filepath.Join(r.out, "hearth*"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	var b bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(read(name)), filepath.Base(name))
	}
	return r.write("SHA256SUMS", b.Bytes())
}
