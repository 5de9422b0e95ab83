package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// writer writes one backup file. Its gzip stream consists of several members,
// which readers join, so that parts of it can stay uncompressed.
type writer struct {
	file     *os.File
	buffer   *bufio.Writer
	zip      *gzip.Writer
	tar      *tar.Writer
	manifest Manifest
	progress func(Progress)
	sum      Progress
}

func newWriter(path string, progress func(Progress)) (*writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	w := &writer{file: f, buffer: bufio.NewWriterSize(f, 1<<20), progress: progress}
	w.tar = tar.NewWriter(writerFunc(func(p []byte) (int, error) { return w.zip.Write(p) }))
	if err := w.member(gzip.BestSpeed); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// member starts a gzip member of the given level.
func (w *writer) member(level int) error {
	if w.zip != nil {
		if err := errors.Join(w.tar.Flush(), w.zip.Close()); err != nil {
			return err
		}
	}
	zip, err := gzip.NewWriterLevel(w.buffer, level)
	w.zip = zip
	return err
}

// plain stores what follows as it is.
func (w *writer) plain() error { return w.member(gzip.NoCompression) }

// compressed compresses what follows.
func (w *writer) compressed() error { return w.member(gzip.BestSpeed) }

func (w *writer) addFile(ctx context.Context, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return w.add(name, info.Size(), contextReader{ctx, f})
}

func (w *writer) addBytes(name string, data []byte) error {
	return w.add(name, int64(len(data)), bytes.NewReader(data))
}

func (w *writer) addJSON(name string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return w.addBytes(name, append(data, '\n'))
}

// addManifest ends the backup. The manifest does not list itself.
func (w *writer) addManifest() error {
	data, err := json.MarshalIndent(w.manifest, "", " ")
	if err != nil {
		return err
	}
	if err := w.header(manifestName, int64(len(data))); err != nil {
		return err
	}
	_, err = w.tar.Write(data)
	return err
}

func (w *writer) add(name string, size int64, content io.Reader) error {
	if !allowed(name) {
		return fmt.Errorf("%q cannot be part of a backup", name)
	}
	if err := w.header(name, size); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w.tar, hash), content); err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	w.manifest.Files = append(w.manifest.Files, File{Path: name, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))})
	w.sum.Files++
	w.sum.Bytes += size
	if w.progress != nil {
		w.progress(w.sum)
	}
	return nil
}

func (w *writer) header(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.manifest.CreatedAt, Format: tar.FormatPAX,
	})
}

// Close makes the file durable.
func (w *writer) Close() error {
	return errors.Join(w.tar.Close(), w.zip.Close(), w.buffer.Flush(), w.file.Sync(), w.file.Close())
}
