package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
)

// debArch is what Debian calls an architecture of Go's.
var debArch = map[string]string{"amd64": "amd64", "arm64": "arm64", "ppc64le": "ppc64el", "s390x": "s390x"}

const description = `terminal console for OpenStack Cinder backups
 Lists volumes and backups of a cloud, of Cinder's own database or of a backup
 repository, shows what a backup captures and what a restore would change before
 anything is applied, carries records between clouds, and recovers backups whose
 database is lost. It is one static program without a service.`

// debRevision is Debian's part of the version: of what is packed, and not of hearth.
const debRevision = "1"

// deb makes the package for one architecture of Linux.
func (r release) deb(arch string) error {
	name, ok := debArch[arch]
	if !ok {
		return fmt.Errorf("Debian has no name for %s here", arch)
	}
	contents, err := r.contents(arch)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "hearth-deb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	info := &nfpm.Info{Name: "hearth", Arch: name, Platform: "linux", Version: r.version, VersionSchema: "none", Release: debRevision,
		Section: "admin", Priority: "optional", Maintainer: r.maintainer, Description: description, License: "Apache-2.0",
		DisableGlobbing: true, MTime: r.at}
	info.Recommends = []string{"ca-certificates"}
	info.Suggests = []string{"tmux", "ceph-common"}
	info.Umask = 0o022
	info.Deb.Compression = "xz" // what every dpkg of today reads
	for i, f := range contents {
		source := filepath.Join(folder, fmt.Sprint(i))
		if err := os.WriteFile(source, f.data, 0o600); err != nil {
			return err
		}
		info.Contents = append(info.Contents, &files.Content{Source: source, Destination: "/" + f.name,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: os.FileMode(f.mode), MTime: r.at}})
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := deb.Default.Package(info, &b); err != nil {
		return err
	}
	return r.write(fmt.Sprintf("hearth_%s-%s_%s.deb", r.version, debRevision, name), b.Bytes())
}

// contents is what the package puts where.
func (r release) contents(arch string) ([]file, error) {
	out := []file{
		{"usr/bin/hearth", 0o755, r.staged("bin/linux-" + arch + "/hearth")},
		{"usr/share/bash-completion/completions/hearth", 0o644, r.staged("hearth.bash")},
		{"usr/share/zsh/vendor-completions/_hearth", 0o644, r.staged("hearth.zsh")},
		{"usr/share/fish/vendor_completions.d/hearth.fish", 0o644, r.staged("hearth.fish")},
		{"usr/share/doc/hearth/copyright", 0o644, []byte(r.copyright())},
		{"usr/share/lintian/overrides/hearth", 0o644, []byte("# Go links statically, and hearth has no C in it: it runs on any\n" +
			"# Linux of its architecture.\nhearth: statically-linked-binary [usr/bin/hearth]\n")},
	}
	out = append(out, r.themes("usr/share/hearth/themes/")...)
	for _, f := range append(r.pages("doc/hearth/.github/"), []file{
		{"man/man1/hearth.1", 0o644, r.staged("hearth.1")},
		{"doc/hearth/changelog", 0o644, r.kept(".github/CHANGELOG.md")},
		{"doc/hearth/changelog.Debian", 0o644, []byte(r.changes())},
		{"doc/hearth/README.md", 0o644, r.kept("README.md")},
		{"doc/hearth/third-party-notices", 0o644, r.staged("notices")},
	}...) {
		if f.name == "doc/hearth/.github/CHANGELOG.md" {
			continue // it is the changelog
		}
		z, err := packed(f.data)
		if err != nil {
			return nil, err
		}
		out = append(out, file{"usr/share/" + f.name + ".gz", f.mode, z})
	}
	return out, nil
}

// copyright is the licence as Debian writes it down.
func (r release) copyright() string {
	return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: hearth

Files: *
Copyright: ` + fmt.Sprint(r.at.Year()) + ` the authors of hearth
License: Apache-2.0
 On Debian systems, the full text of the Apache License, Version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
Comment:
 The program has modules of others linked into it. Their names, versions and
 licences are in /usr/share/doc/hearth/third-party-notices.gz.
`
}

// changes is the package's own changelog: what changed in hearth is in the other one.
func (r release) changes() string {
	return fmt.Sprintf("hearth (%s-%s) unstable; urgency=medium\n\n  * What changed is in changelog.gz.\n\n -- %s  %s\n",
		r.version, debRevision, r.maintainer, r.at.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
}
