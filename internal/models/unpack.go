package models

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/idem-id/idem"
)

// Import takes a package from a file that was brought along, as `npm pack`
// makes it. It recognises the package by its sha512 and returns its name, or
// answers MODELS_UNKNOWN_PACKAGE (Unprocessable).
func Import(ctx context.Context, dir, tarball string) (string, error) {
	return importFrom(ctx, dir, tarball, Manifest())
}

func importFrom(ctx context.Context, dir, tarball string, packages []Package) (string, error) {
	sum, err := integrity(tarball)
	if err != nil {
		return "", err
	}
	for _, p := range packages {
		if p.Integrity == sum {
			return p.ID(), unpack(ctx, dir, tarball, p)
		}
	}
	return "", idem.Errorf(idem.Unprocessable, "MODELS_UNKNOWN_PACKAGE", "%s is none of the pinned packages", filepath.Base(tarball))
}

// unpack streams a tarball and keeps the needed files of p.
func unpack(ctx context.Context, dir, tarball string, p Package) error {
	in, err := os.Open(tarball)
	if err != nil {
		return fmt.Errorf("open package: %w", err)
	}
	defer in.Close()
	zip, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("open package %s: %w", p.ID(), err)
	}
	wanted := map[string]File{}
	for _, f := range p.needed() {
		wanted[f.Path] = f
	}
	archive := tar.NewReader(zip)
	for len(wanted) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("package %s lacks %d files", p.ID(), len(wanted))
		}
		if err != nil {
			return fmt.Errorf("read package %s: %w", p.ID(), err)
		}
		_, path, _ := strings.Cut(head.Name, "/") // npm packs below one folder
		f, ok := wanted[path]
		if !ok || head.Typeflag != tar.TypeReg {
			continue
		}
		if err := keep(filepath.Join(dir, filepath.FromSlash(f.Name)), f, archive); err != nil {
			return err
		}
		delete(wanted, path)
	}
	return nil
}

// keep writes a file beside its place and moves it there once it is whole and
// its sha256 is the pinned one.
func keep(path string, f File, in io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the models folder: %w", err)
	}
	out, err := os.CreateTemp(filepath.Dir(path), ".incoming-*")
	if err != nil {
		return fmt.Errorf("create model file: %w", err)
	}
	defer os.Remove(out.Name()) // fails once the file has moved, as it should
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), io.LimitReader(in, f.Size+1))
	err = errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close())
	if err != nil {
		return fmt.Errorf("write model file %s: %w", f.Name, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
		return idem.Errorf(idem.Unprocessable, "MODELS_ALTERED", "file %s is not what the manifest pins: its sha256 differs", f.Name)
	}
	return os.Rename(out.Name(), path)
}
