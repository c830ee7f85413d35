package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
)

// archive makes the archive for one system: a zip for Windows, else a tar.gz.
func (r release) archive(system, arch string) error {
	folder := fmt.Sprintf("hearth-%s-%s-%s", r.version, system, arch)
	program := "hearth"
	if system == "windows" {
		program += ".exe"
	}
	files := []file{
		{program, 0o755, r.staged("bin/" + system + "-" + arch + "/" + program)},
		{"LICENSE", 0o644, r.kept("LICENSE")},
		{"README.md", 0o644, r.kept("README.md")},
		{"NOTICES", 0o644, r.staged("notices")},
		{"hearth.1", 0o644, r.staged("hearth.1")},
		{"completions/hearth.bash", 0o644, r.staged("hearth.bash")},
		{"completions/_hearth", 0o644, r.staged("hearth.zsh")},
		{"completions/hearth.fish", 0o644, r.staged("hearth.fish")},
		{"completions/hearth.ps1", 0o644, r.staged("hearth.ps1")},
	}
	files = append(files, r.themes("themes/")...)
	files = append(files, r.pages(".github/")...)
	if system == "windows" {
		data, err := r.zip(folder, files)
		if err != nil {
			return err
		}
		return r.write(folder+".zip", data)
	}
	data, err := r.tar(folder, files)
	if err != nil {
		return err
	}
	return r.write(folder+".tar.gz", data)
}

func (r release) tar(folder string, files []file) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		if err := t.WriteHeader(&tar.Header{Name: folder + "/" + f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: r.at,
			Uname: "root", Gname: "root", Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (r release) zip(folder string, files []file) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: folder + "/" + f.name, Method: zip.Deflate, Modified: r.at})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// packed is a text as Debian wants its documents: gzip at its best, without name and time.
func packed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
