package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/idem-id/idem"
)

// Limits bound what Restore takes from a file. Zero fields take the defaults.
type Limits struct {
	Files int   // default 50 million
	Bytes int64 // unpacked, default 16 TiB
	Blob  int64 // one object, default 256 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Files <= 0 {
		l.Files = 50_000_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 16 << 40
	}
	if l.Blob <= 0 {
		l.Blob = 256 << 20
	}
	return l
}

// Options of a restore.
type Options struct {
	Limits   Limits
	Progress func(Progress) // after each file; may be nil
}

// staging is where files wait until the whole backup is verified.
const staging = ".idem-restore"

// Restore unpacks a backup into target, an empty or missing folder, and checks
// every file against the manifest. Nothing appears in target unless everything
// is right. A database of PostgreSQL is then loaded with RestorePostgres.
// Errors: ErrDamaged, ErrNewer, ErrNotEmpty, idem.ErrStorageFull.
func Restore(ctx context.Context, file, target string, o Options) (Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return Manifest{}, fmt.Errorf("restore backup: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	root, err := prepare(target)
	if err != nil {
		return Manifest{}, translate(fmt.Errorf("restore backup: %w", err))
	}
	defer root.Close() //nolint:errcheck // a folder handle
	m, err := unpack(ctx, f, root, o)
	if err == nil {
		err = flushFolders(root)
	}
	if err == nil {
		err = reveal(root)
	}
	if err != nil {
		return Manifest{}, translate(fmt.Errorf("restore backup: %w", errors.Join(err, root.RemoveAll(staging))))
	}
	return m, syncDir(target)
}

// prepare makes target with an empty staging folder. What an interrupted
// restore left there is removed.
func prepare(target string) (*os.Root, error) {
	if err := os.MkdirAll(target, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(target)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() != staging }) {
		return nil, ErrNotEmpty.With("folder", target)
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return nil, err
	}
	err = root.RemoveAll(staging)
	if err == nil {
		err = root.Mkdir(staging, 0o700)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// flushFolders makes the names of the unpacked files durable; their contents
// are.
func flushFolders(root *os.Root) error {
	return fs.WalkDir(root.FS(), staging, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// reveal moves the verified files to their places.
func reveal(root *os.Root) error {
	stage, err := root.Open(staging)
	if err != nil {
		return err
	}
	names, err := stage.Readdirnames(-1)
	if err = errors.Join(err, stage.Close()); err != nil {
		return err
	}
	for _, name := range names {
		if err := root.Rename(path.Join(staging, name), name); err != nil {
			return err
		}
	}
	return root.Remove(staging)
}

// unpacker reads one backup.
type unpacker struct {
	ctx    context.Context
	tar    *tar.Reader
	stage  *os.Root
	o      Options
	limits Limits
	seen   []File
	sum    Progress
}

func unpack(ctx context.Context, file io.Reader, root *os.Root, o Options) (Manifest, error) {
	zip, err := gzip.NewReader(bufio.NewReaderSize(contextReader{ctx, file}, 1<<20))
	if err != nil {
		return Manifest{}, damaged(err)
	}
	stage, err := root.OpenRoot(staging)
	if err != nil {
		return Manifest{}, err
	}
	defer stage.Close() //nolint:errcheck // a folder handle
	u := &unpacker{ctx: ctx, tar: tar.NewReader(zip), stage: stage, o: o, limits: o.Limits.withDefaults()}
	m, err := u.run()
	if err != nil {
		return Manifest{}, err
	}
	// The end of the stream holds its checksum.
	if n, err := io.Copy(io.Discard, io.LimitReader(zip, 1<<20)); err != nil || n == 1<<20 {
		return Manifest{}, damaged(err)
	}
	return m, nil
}

// damaged keeps what the caller or the disk did apart from what is wrong with
// the file.
func damaged(err error) error {
	var shown *idem.Error
	var disk *fs.PathError
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &shown) || errors.As(err, &disk) {
		return err
	}
	return ErrDamaged.Because(err)
}

func (u *unpacker) run() (Manifest, error) {
	if err := u.readHead(); err != nil {
		return Manifest{}, err
	}
	for {
		header, err := u.tar.Next()
		if err != nil {
			return Manifest{}, damaged(err) // the manifest comes before the end
		}
		if header.Typeflag == tar.TypeReg && header.Name == manifestName {
			return u.readManifest(header)
		}
		if err := u.take(header); err != nil {
			return Manifest{}, err
		}
	}
}

// readHead reads the first file, which says whether the rest can be understood.
func (u *unpacker) readHead() error {
	header, err := u.tar.Next()
	if err != nil {
		return damaged(err)
	}
	if header.Name != headName || header.Size > 1<<20 {
		return ErrDamaged
	}
	data, err := io.ReadAll(io.LimitReader(u.tar, 1<<20))
	if err != nil {
		return damaged(err)
	}
	var head Head
	if err := json.Unmarshal(data, &head); err != nil {
		return ErrDamaged.Because(err)
	}
	if head.Format > Format {
		return ErrNewer.With("format", head.Format)
	}
	sum := sha256.Sum256(data)
	u.count(File{Path: headName, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
	return nil
}

func (u *unpacker) count(f File) {
	u.seen = append(u.seen, f)
	u.sum.Files++
	u.sum.Bytes += f.Size
	if u.o.Progress != nil {
		u.o.Progress(u.sum)
	}
}

// take unpacks one file.
func (u *unpacker) take(header *tar.Header) error {
	if err := u.admit(header); err != nil {
		return err
	}
	f, err := u.place(header.Name)
	if err != nil {
		return err
	}
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, hash), u.tar)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return damaged(err)
	}
	u.count(File{Path: header.Name, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))})
	return nil
}

// admit refuses what no backup holds and what is more than the limits.
func (u *unpacker) admit(header *tar.Header) error {
	tooLarge := idem.Errorf(idem.TooLarge, "BACKUP_TOO_LARGE", "the backup holds more than a restore admits").With("path", header.Name)
	switch {
	case header.Typeflag != tar.TypeReg || !allowed(header.Name) || header.Name == headName:
		return ErrDamaged.With("path", header.Name)
	case len(u.seen) >= u.limits.Files || header.Size > u.limits.Bytes-u.sum.Bytes:
		return tooLarge
	case strings.HasPrefix(header.Name, blobDir) && header.Size > u.limits.Blob:
		return tooLarge
	}
	return nil
}

// place makes the file with its folders. That something is in the way can only
// come from the backup: the staging folder was empty.
func (u *unpacker) place(name string) (*os.File, error) {
	err := u.stage.MkdirAll(path.Dir(name), 0o700)
	var f *os.File
	if err == nil {
		f, err = u.stage.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, ErrDamaged.With("path", name)
	}
	return f, err
}

// readManifest compares what was unpacked with what was packed.
func (u *unpacker) readManifest(header *tar.Header) (Manifest, error) {
	const perFile = 1024 // bytes of text; a path is at most 500
	if header.Size > int64(len(u.seen)+16)*perFile {
		return Manifest{}, ErrDamaged
	}
	data, err := io.ReadAll(io.LimitReader(u.tar, header.Size))
	if err != nil {
		return Manifest{}, damaged(err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, ErrDamaged.Because(err)
	}
	if !slices.Equal(m.Files, u.seen) {
		return Manifest{}, ErrDamaged
	}
	if !slices.ContainsFunc(m.Files, func(f File) bool { return f.Path == SQLiteFile || f.Path == PostgresFile }) {
		return Manifest{}, ErrDamaged
	}
	if _, err := u.tar.Next(); !errors.Is(err, io.EOF) {
		return Manifest{}, damaged(err)
	}
	return m, nil
}
