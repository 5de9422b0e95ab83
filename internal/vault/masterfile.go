package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Source says where the master key comes from. Env wins over Path.
type Source struct {
	// Env is the value of the environment variable, base64 of 32 bytes.
	Env string
	// Path is the file with the base64 text.
	Path string
	// Generate makes the file, with mode 0600, when it does not exist.
	Generate bool
	// DataDir is the folder of the data; it decides Info.InsideData.
	DataDir string
}

// Info tells how the master key was found, so that the caller can warn: a key
// inside the data folder protects against nothing that takes the whole folder.
type Info struct {
	FromEnv    bool
	Path       string // empty with FromEnv
	Generated  bool   // made just now
	InsideData bool   // Path lies inside Source.DataDir
}

// GeneratedInside reports a key that was made just now inside the data folder.
func (i Info) GeneratedInside() bool { return i.Generated && i.InsideData }

// LoadMaster finds the master key. Errors: ErrMasterMissing, ErrMasterInvalid,
// ErrMasterExposed (the file can be read by group or others), or a failure of
// the file system.
func LoadMaster(s Source) (Master, Info, error) {
	if s.Env != "" {
		m, err := ParseMaster(s.Env)
		return m, Info{FromEnv: true}, err
	}
	if s.Path == "" {
		return Master{}, Info{}, ErrMasterMissing
	}
	info := Info{Path: s.Path, InsideData: inside(s.DataDir, s.Path)}
	m, err := readMaster(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		if !s.Generate {
			return Master{}, info, ErrMasterMissing.Because(err)
		}
		info.Generated, err = generateMaster(s.Path)
		if err == nil {
			m, err = readMaster(s.Path)
		}
	}
	if err != nil {
		return Master{}, info, fmt.Errorf("load master key: %w", err)
	}
	return m, info, nil
}

// readMaster reads the file and, when a rotation was interrupted, the key that
// was to replace it.
func readMaster(path string) (Master, error) {
	m, err := readKeyFile(path)
	if err != nil {
		return Master{}, err
	}
	m.path = path
	next, err := readKeyFile(nextPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	m.next = next.key
	return m, err
}

func nextPath(path string) string { return path + ".next" }

func readKeyFile(path string) (Master, error) {
	f, err := os.Open(path)
	if err != nil {
		return Master{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	status, err := f.Stat()
	if err != nil {
		return Master{}, err
	}
	// Windows has no such mode bits.
	if status.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return Master{}, ErrMasterExposed.With("path", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return Master{}, err
	}
	defer clear(text)
	return ParseMaster(string(text))
}

// generateMaster makes the file unless another process made it meanwhile, and
// reports whether it did.
func generateMaster(path string) (bool, error) {
	temp, err := writeKeyFile(path, NewMaster())
	if err != nil {
		return false, err
	}
	defer os.Remove(temp) //nolint:errcheck // a second name of the same file
	if err := os.Link(temp, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return false, err
	}
	return true, syncFile(filepath.Dir(path))
}

// writeKeyFile writes the key durably beside path and returns the name.
func writeKeyFile(path string, m Master) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".master-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(m.Reveal() + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		_ = os.Remove(f.Name())
		return "", translate(err)
	}
	return f.Name(), nil
}

// syncFile makes the contents of a file or the names in a folder durable.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func inside(dir, path string) bool {
	if dir == "" {
		return false
	}
	rel, err := filepath.Rel(resolve(dir), resolve(path))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolve follows links as far as the path exists.
func resolve(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		return real
	}
	return filepath.Join(resolve(filepath.Dir(absolute)), filepath.Base(absolute))
}

// RotateMasterFile replaces the master key in the file and in the key store by
// a fresh one. It can be interrupted anywhere: both keys are on disk while it
// is open which one is right, and the next Open with LoadMaster's result
// finishes the replacement.
func (v *Vault) RotateMasterFile(ctx context.Context, path string) error {
	fresh, err := nextMaster(path)
	if err != nil {
		return fmt.Errorf("write new master key: %w", err)
	}
	if err := v.RotateMaster(ctx, fresh); err != nil {
		return err // the next file stays: it is not known whether the commit happened
	}
	if err := v.step("master file"); err != nil {
		return err
	}
	return promote(path, fresh)
}

// nextMaster returns the key that replaces the one in path. What an earlier,
// interrupted rotation left is used again and never overwritten: the key store
// may already be sealed with it.
func nextMaster(path string) (Master, error) {
	temp, err := writeKeyFile(path, NewMaster())
	if err != nil {
		return Master{}, err
	}
	defer os.Remove(temp) //nolint:errcheck // a second name of the same file
	if err := os.Link(temp, nextPath(path)); err != nil && !errors.Is(err, fs.ErrExist) {
		return Master{}, err
	}
	if err := syncFile(filepath.Dir(path)); err != nil {
		return Master{}, err
	}
	return readKeyFile(nextPath(path))
}

// promote ends a rotation of the file. Another process may have done it.
func promote(path string, fresh Master) error {
	err := replaceDurably(nextPath(path), path)
	if errors.Is(err, fs.ErrNotExist) {
		if current, readErr := readKeyFile(path); readErr == nil && *current.key == *fresh.key {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("replace master key: %w", err)
	}
	return nil
}

func replaceDurably(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
}
