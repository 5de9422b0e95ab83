package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/idem-id/idem"
)

// State says whether a file is what the manifest pins.
type State string

// The states of a file.
const (
	Present State = "present"
	Missing State = "missing"
	Altered State = "altered"
)

// Status is the state of one pinned file.
type Status struct {
	Package    string
	File       File
	State      State
	Licence    string
	Provenance string
}

// Dir returns the models folder: IDEM_MODELS, else the user's cache folder.
func Dir(getenv func(string) string) (string, error) {
	if dir := getenv("IDEM_MODELS"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the models folder: %w", err)
	}
	return filepath.Join(cache, "idem", "models"), nil
}

// List reads and hashes every pinned file for this processor.
func List(ctx context.Context, dir string) ([]Status, error) {
	return list(ctx, dir, Manifest())
}

func list(ctx context.Context, dir string, packages []Package) ([]Status, error) {
	var all []Status
	for _, p := range packages {
		for _, f := range p.needed() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			state, err := check(filepath.Join(dir, filepath.FromSlash(f.Name)), f)
			if err != nil {
				return nil, err
			}
			all = append(all, Status{p.ID(), f, state, p.Licence, p.Provenance})
		}
	}
	return all, nil
}

// Files returns the paths of the pinned files of a role, present or not.
func Files(dir string, role Role) []string {
	var paths []string
	for _, p := range Manifest() {
		for _, f := range p.needed() {
			if f.Role == role {
				paths = append(paths, filepath.Join(dir, filepath.FromSlash(f.Name)))
			}
		}
	}
	return paths
}

// Verify answers MODELS_INCOMPLETE (Unavailable) that names the first file that
// is missing or altered.
func Verify(ctx context.Context, dir string) error { return verify(ctx, dir, Manifest()) }

// VerifyFaces is Verify of what the face engine needs.
func VerifyFaces(ctx context.Context, dir string) error {
	return verify(ctx, dir, []Package{facePackage(), runtimePackage()})
}

func verify(ctx context.Context, dir string, packages []Package) error {
	all, err := list(ctx, dir, packages)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.State != Present {
			return incomplete(s.File.Name, s.State)
		}
	}
	return nil
}

func incomplete(name string, s State) error {
	return idem.Errorf(idem.Unavailable, "MODELS_INCOMPLETE", "model file %s is %s; run: idem models pull", name, s)
}

func check(path string, f File) (State, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Missing, nil
	}
	if err != nil {
		return "", fmt.Errorf("look at model file: %w", err)
	}
	if f.Size > 0 && info.Size() != f.Size {
		return Altered, nil
	}
	sum, err := hashFile(path)
	if err != nil {
		return "", err
	}
	if sum != f.SHA256 {
		return Altered, nil
	}
	return Present, nil
}

func hashFile(path string) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open model file: %w", err)
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return "", fmt.Errorf("read model file: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Read returns the bytes of a pinned file after comparing
// their sha256. It answers MODELS_INCOMPLETE when they are missing or altered.
func Read(dir, name, sum string) ([]byte, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, filepath.FromSlash(name))
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, incomplete(name, Missing)
	}
	if err != nil {
		return nil, fmt.Errorf("read model file: %w", err)
	}
	if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
		return nil, incomplete(name, Altered)
	}
	return data, nil
}
