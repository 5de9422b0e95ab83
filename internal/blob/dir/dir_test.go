package dir

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/blobtest"
)

const org = idem.OrgID("01910000-0000-7000-8000-00000000000a")

func open(t *testing.T, root string) *Dir {
	t.Helper()
	d, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// files counts the regular files below root but the lock.
func files(t *testing.T, root string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && e.Name() != ".lock" {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func harness(full func(t *testing.T) (blob.Store, func() int)) blobtest.Harness {
	return blobtest.Harness{
		Fresh:  func(t *testing.T) blob.Store { return open(t, t.TempDir()) },
		Reopen: func(t *testing.T, s blob.Store) blob.Store { return open(t, s.(*Dir).root) },
		Full:   full,
	}
}

func TestContract(t *testing.T) { blobtest.Run(t, harness(fullByInjection)) }

// quota is a disk of limited size.
type quota struct{ left int }

type limited struct {
	*os.File
	quota *quota
}

func (f limited) Write(p []byte) (int, error) {
	n := min(len(p), f.quota.left)
	f.quota.left -= n
	written, err := f.File.Write(p[:n])
	if err == nil && n < len(p) {
		err = &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return written, err
}

func fullByInjection(t *testing.T) (blob.Store, func() int) {
	d, q := open(t, t.TempDir()), &quota{left: 300 << 10}
	d.create = func(dir string) (file, error) {
		f, err := os.CreateTemp(dir, "put-*")
		return limited{f, q}, err
	}
	return d, func() int { return files(t, d.root) }
}

// TestContractFullForReal runs against a real file system that becomes full
// where the process may mount one, and else against a real limit on the size of
// files: the kernel refuses the write in both cases.
func TestContractFullForReal(t *testing.T) {
	root := t.TempDir()
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", root).CombinedOutput()
	if err != nil {
		t.Logf("no tmpfs (%v: %s): limiting the size of files instead", err, strings.TrimSpace(string(out)))
		limitFileSize(t)
		return
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", root).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	d, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // before the folder is unmounted
	var written int
	for err == nil {
		err = d.Put(t.Context(), org, idem.BlobRef("full-"+strings.Repeat("x", written+1)), make([]byte, 50<<10))
		written++
	}
	if !errors.Is(err, idem.ErrStorageFull) || written < 2 {
		t.Fatalf("write %d: %v", written, err)
	}
	if n := files(t, root); n != written-1 {
		t.Errorf("%d files after %d writes", n, written-1)
	}
}

func limitFileSize(t *testing.T) {
	d := open(t, t.TempDir())
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	small := before
	small.Cur = 32 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	err := d.Put(t.Context(), org, "large", make([]byte, 64<<10))
	if restore := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); restore != nil {
		t.Fatal(restore)
	}
	if !errors.Is(err, idem.ErrStorageFull) {
		t.Fatalf("error is %v", err)
	}
	if n := files(t, d.root); n != 0 {
		t.Errorf("%d files are left over", n)
	}
}

func TestModesAreThoseOfTheOwnerAlone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "blobs")
	d := open(t, root)
	if err := d.Put(t.Context(), org, "01910000-0000-7000-8000-0000000000c1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, string(org), "c1", "01910000-0000-7000-8000-0000000000c1")); err != nil {
		t.Error(err)
	}
}

func TestLeftoversOfACrashAreCleanedByWhoeverIsAlone(t *testing.T) {
	root := t.TempDir()
	first := open(t, root)
	leftover := filepath.Join(root, tempName, "put-123")
	if err := os.WriteFile(leftover, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := open(t, root) // the first might be writing it
	if _, err := os.Stat(leftover); err != nil {
		t.Fatalf("a file of a running process was removed: %v", err)
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Fatal(err)
	}
	open(t, root)
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the leftover is still there: %v", err)
	}
}

func TestSyncFailureLeavesNothing(t *testing.T) {
	d := open(t, t.TempDir())
	broken := errors.New("input/output error")
	d.create = func(dir string) (file, error) {
		f, err := os.CreateTemp(dir, "put-*")
		return unsynced{f, broken}, err
	}
	if err := d.Put(t.Context(), org, "some", []byte("x")); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
	if n := files(t, d.root); n != 0 {
		t.Errorf("%d files are left over", n)
	}
}

type unsynced struct {
	*os.File
	err error
}

func (f unsynced) Sync() error { return f.err }

func TestWalkAndReadObject(t *testing.T) {
	d := open(t, t.TempDir())
	for _, ref := range []idem.BlobRef{"aa-01", "aa-02"} {
		if err := d.Put(t.Context(), org, ref, []byte(ref)); err != nil {
			t.Fatal(err)
		}
	}
	var paths []string
	if err := d.Walk(t.Context(), func(p string) error { paths = append(paths, p); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []string{string(org) + "/01/aa-01", string(org) + "/02/aa-02"}; !slices.Equal(paths, want) {
		t.Fatalf("walked %v", paths)
	}
	data, err := d.ReadObject(t.Context(), paths[0])
	if err != nil || string(data) != "aa-01" {
		t.Errorf("read %q, %v", data, err)
	}
	for _, hostile := range []string{"", "aa-01", "../x/xx", string(org) + "/02/aa-01", string(org) + "/../aa-01", "/01/aa-01"} {
		if _, err := d.ReadObject(t.Context(), hostile); !errors.Is(err, blob.ErrName) {
			t.Errorf("%q: %v", hostile, err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	d, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // a benchmark
	data := make([]byte, 60<<10)
	ids := idem.UUIDv7{}
	for b.Loop() {
		if err := d.Put(b.Context(), org, idem.BlobRef(ids.New()), data); err != nil {
			b.Fatal(err)
		}
	}
}
