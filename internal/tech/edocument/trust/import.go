package trust

import (
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Import takes a certificate (DER or PEM), a master list or a revocation list
// into the store, whatever its file name. It refuses what cannot be read, and
// a master list whose signature does not hold.
func (s *Store) Import(data []byte) (Item, error) {
	item, data, err := recognised(data)
	if err != nil {
		return Item{}, err
	}
	return item, s.write(item.Name, data)
}

// Recognise tells what Import would take in, and takes nothing in.
func Recognise(data []byte) (Item, error) {
	item, _, err := recognised(data)
	return item, err
}

// recognised returns the item and its bytes without armour.
func recognised(data []byte) (Item, []byte, error) {
	if len(data) > MaxFile {
		return Item{}, nil, fmt.Errorf("file of %d bytes, %d are allowed", len(data), MaxFile)
	}
	data, err := unarmoured(data)
	if err != nil {
		return Item{}, nil, err
	}
	item, err := recognise(data)
	if err != nil {
		return Item{}, nil, err
	}
	item.Name = hex.EncodeToString(item.Digest[:8]) + string(item.Kind)
	return item, data, nil
}

// unarmoured takes the PEM armour off. A bundle is refused: of several
// certificates all but the first would be lost without a word.
func unarmoured(data []byte) ([]byte, error) {
	block, rest := pem.Decode(data)
	if block == nil {
		return data, nil
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errors.New("more than one PEM block; import each as a file of its own")
	}
	return block.Bytes, nil
}

// recognise tries the kinds: their encodings exclude one another.
func recognise(data []byte) (Item, error) {
	faults := []error{errNoFile}
	for _, kind := range []Kind{Certificate, Master, Revocations} {
		item := parse(kind, data)
		if item.Fault == nil {
			return item, nil
		}
		faults = append(faults, fmt.Errorf("as %s: %w", kind, item.Fault))
	}
	return Item{}, errors.Join(faults...)
}

// write replaces a file as a whole, so that a running server never reads half.
func (s *Store) write(name string, data []byte) error {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return fmt.Errorf("make the trust store: %w", err)
	}
	part := filepath.Join(s.folder, name+".part")
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return fmt.Errorf("write to the trust store: %w", err)
	}
	if err := os.Rename(part, filepath.Join(s.folder, name)); err != nil {
		return fmt.Errorf("write to the trust store: %w", err)
	}
	return nil
}

// Remove takes a file out of the store by the name that List shows.
func (s *Store) Remove(name string) error {
	if kindOf(name) == "" || filepath.Base(name) != name {
		return fmt.Errorf("%q: %w", name, fs.ErrNotExist)
	}
	return os.Remove(filepath.Join(s.folder, name))
}
