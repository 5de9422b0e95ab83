package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/blob"
)

const tempName = ".tmp"

// Dir is a folder of objects. It is safe for concurrent use, by several
// processes too.
type Dir struct {
	root string
	lock *os.File

	mu   sync.Mutex
	made map[idem.OrgID]map[[2]byte]bool // shards whose folders are durable

	// create opens the temporary file; tests put a failing disk here.
	create func(dir string) (file, error)
}

var _ blob.Store = (*Dir)(nil)

// file is what Put needs of *os.File.
type file interface {
	io.Writer
	Name() string
	Sync() error
	Close() error
}

// Open opens the folder and makes it when it is missing. It removes what a
// crash left behind, if no other process has the folder open.
func Open(root string) (*Dir, error) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open object folder: %w", err)
	}
	temp := filepath.Join(absolute, tempName)
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, translate(fmt.Errorf("open object folder: %w", err))
	}
	lock, alone, err := acquire(filepath.Join(absolute, ".lock"))
	if err != nil {
		return nil, translate(fmt.Errorf("lock object folder: %w", err))
	}
	d := &Dir{root: absolute, lock: lock, create: createTemp, made: make(map[idem.OrgID]map[[2]byte]bool)}
	if alone {
		err = errors.Join(clean(temp), share(lock))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("clean object folder: %w", err), lock.Close())
	}
	return d, nil
}

func createTemp(dir string) (file, error) { return os.CreateTemp(dir, "put-*") } // mode 0600

func clean(temp string) error {
	entries, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(temp, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Close lets go of the folder.
func (d *Dir) Close() error { return d.lock.Close() }

func (d *Dir) shard(org idem.OrgID, ref idem.BlobRef) string {
	return filepath.Join(d.root, string(org), string(ref[len(ref)-2:]))
}

func (d *Dir) path(org idem.OrgID, ref idem.BlobRef) string {
	return filepath.Join(d.shard(org, ref), string(ref))
}

// Put stores the object durably. Errors: blob.ErrName, blob.ErrExists,
// idem.ErrStorageFull.
func (d *Dir) Put(ctx context.Context, org idem.OrgID, ref idem.BlobRef, sealed []byte) error {
	if err := blob.CheckNames(org, ref); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	temp, err := d.write(sealed)
	if err != nil {
		return translate(fmt.Errorf("store object %s: %w", ref, err))
	}
	defer os.Remove(temp) //nolint:errcheck // the next Open removes what stays
	if err := d.publish(temp, org, ref); err != nil {
		return translate(fmt.Errorf("store object %s: %w", ref, err))
	}
	return nil
}

// write makes a durable file without its final name.
func (d *Dir) write(data []byte) (string, error) {
	f, err := d.create(filepath.Join(d.root, tempName))
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name()) // the next Open removes what stays
		return "", err
	}
	return f.Name(), nil
}

// publish gives the file its name.
func (d *Dir) publish(temp string, org idem.OrgID, ref idem.BlobRef) error {
	if err := d.makeShard(org, ref); err != nil {
		return err
	}
	target := d.path(org, ref)
	if err := os.Link(temp, target); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return blob.ErrExists
		}
		return err
	}
	if err := syncDir(d.shard(org, ref)); err != nil {
		return errors.Join(err, os.Remove(target)) // not durable: as if never written
	}
	return nil
}

// makeShard makes the folder durable up to the root, once per process.
func (d *Dir) makeShard(org idem.OrgID, ref idem.BlobRef) error {
	shard := [2]byte([]byte(ref[len(ref)-2:]))
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made[org][shard] {
		return nil
	}
	name := d.shard(org, ref)
	if err := os.MkdirAll(name, 0o700); err != nil {
		return err
	}
	if err := errors.Join(syncDir(filepath.Dir(name)), syncDir(d.root)); err != nil {
		return err
	}
	if d.made[org] == nil {
		d.made[org] = make(map[[2]byte]bool)
	}
	d.made[org][shard] = true
	return nil
}

// Get returns the object. Errors: blob.ErrName, blob.ErrNotFound.
func (d *Dir) Get(ctx context.Context, org idem.OrgID, ref idem.BlobRef) ([]byte, error) {
	if err := blob.CheckNames(org, ref); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(d.path(org, ref))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, blob.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", ref, err)
	}
	return data, nil
}

// Delete removes the object durably. Errors: blob.ErrName.
func (d *Dir) Delete(ctx context.Context, org idem.OrgID, ref idem.BlobRef) error {
	if err := blob.CheckNames(org, ref); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := os.Remove(d.path(org, ref))
	if err == nil {
		err = syncDir(d.shard(org, ref))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete object %s: %w", ref, err)
	}
	return nil
}

// List calls f for each object of the organisation. Errors: blob.ErrName, and
// what f returns, which ends the list.
func (d *Dir) List(ctx context.Context, org idem.OrgID, f func(idem.BlobRef) error) error {
	if err := blob.CheckOrg(org); err != nil {
		return err
	}
	return d.listOrg(ctx, string(org), func(_, ref string) error { return f(idem.BlobRef(ref)) })
}

// Walk calls f for each object of all organisations with its slash-separated
// path below the root. An object that is deleted meanwhile is still named.
func (d *Dir) Walk(ctx context.Context, f func(path string) error) error {
	orgs, err := readDir(d.root)
	if err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	for _, org := range orgs {
		if blob.CheckOrg(idem.OrgID(org)) != nil {
			continue
		}
		err := d.listOrg(ctx, org, func(shard, ref string) error { return f(path.Join(org, shard, ref)) })
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadObject returns the object at a path that Walk named, or blob.ErrNotFound.
func (d *Dir) ReadObject(ctx context.Context, name string) ([]byte, error) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 || !strings.HasSuffix(parts[2], parts[1]) {
		return nil, blob.ErrName
	}
	return d.Get(ctx, idem.OrgID(parts[0]), idem.BlobRef(parts[2]))
}

func (d *Dir) listOrg(ctx context.Context, org string, f func(shard, ref string) error) error {
	shards, err := readDir(filepath.Join(d.root, org))
	if err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	for _, shard := range shards {
		refs, err := readDir(filepath.Join(d.root, org, shard))
		if err != nil {
			return fmt.Errorf("list objects: %w", err)
		}
		for _, ref := range refs {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f(shard, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// readDir returns the names in a folder, none when there is no folder.
func readDir(name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func syncDir(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// translate names the full disk, a quota or a limit on the size of files.
func translate(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return idem.ErrStorageFull.Because(err)
		}
	}
	return err
}
