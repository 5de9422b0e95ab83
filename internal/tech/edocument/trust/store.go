package trust

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

// MaxFile is the largest file that is read, in bytes. Master lists of the day
// have about one megabyte.
const MaxFile = 16 << 20

// lookAgain is how old a look at the folder may be.
const lookAgain = 2 * time.Second

// Store is a folder of trusted certificates. It is safe for concurrent use.
type Store struct {
	folder string

	mu     sync.Mutex
	set    *Set
	stamp  string
	looked time.Time
}

// Open returns the store of a folder, which may not exist yet.
func Open(folder string) *Store { return &Store{folder: folder, set: newSet(nil, nil)} }

// Folder returns where the files are.
func (s *Store) Folder() string { return s.folder }

// Set returns what the folder holds now. A file that cannot be read is left
// out; List tells of it.
func (s *Store) Set() (*Set, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.looked) < lookAgain {
		return s.set, nil
	}
	stamp, err := s.folderStamp()
	if err != nil {
		return nil, fmt.Errorf("look at the trust store: %w", err)
	}
	if stamp != s.stamp {
		items, err := s.List()
		if err != nil {
			return nil, err
		}
		s.set, s.stamp = setOf(items), stamp
	}
	s.looked = time.Now()
	return s.set, nil
}

// folderStamp changes when a file is added, removed or written.
func (s *Store) folderStamp() (string, error) {
	var b strings.Builder
	entries, err := s.entries()
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return b.String(), err
}

// entries lists the store's files; a folder that is not there has none.
func (s *Store) entries() ([]os.DirEntry, error) {
	all, err := os.ReadDir(s.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return slices.DeleteFunc(all, func(e os.DirEntry) bool {
		return !e.Type().IsRegular() || kindOf(e.Name()) == ""
	}), err
}

func setOf(items []Item) *Set {
	var roots []*pki.Certificate
	var lists []*pki.RevocationList
	for _, i := range items {
		roots = append(roots, i.Certificates...)
		if i.Revocation != nil {
			lists = append(lists, i.Revocation)
		}
	}
	return newSet(roots, lists)
}

// Kind is what a file of the store is, and its extension.
type Kind string

// The kinds of files.
const (
	Certificate Kind = ".cer"
	Master      Kind = ".ml"
	Revocations Kind = ".crl"
)

func kindOf(name string) Kind {
	k := Kind(filepath.Ext(name))
	if slices.Contains([]Kind{Certificate, Master, Revocations}, k) {
		return k
	}
	return ""
}

// Item is one file of the store.
type Item struct {
	Name         string
	Kind         Kind
	Digest       [32]byte           // SHA-256 of the file
	Certificates []*pki.Certificate // roots that it brings
	List         *MasterList        // of a master list
	Revocation   *pki.RevocationList
	Fault        error // why the file cannot be used
}

// List reads every file, by name.
func (s *Store) List() ([]Item, error) {
	entries, err := s.entries()
	if err != nil {
		return nil, fmt.Errorf("list the trust store: %w", err)
	}
	items := make([]Item, 0, len(entries))
	for _, e := range entries {
		items = append(items, s.read(e))
	}
	return items, nil
}

// Find reads the file of that name; fs.ErrNotExist when the store has none.
func (s *Store) Find(name string) (Item, error) {
	entries, err := s.entries()
	if err != nil {
		return Item{}, fmt.Errorf("list the trust store: %w", err)
	}
	for _, e := range entries {
		if e.Name() == name {
			return s.read(e), nil
		}
	}
	return Item{}, fmt.Errorf("%q: %w", name, fs.ErrNotExist)
}

func (s *Store) read(e os.DirEntry) Item {
	info, err := e.Info()
	if err == nil && info.Size() > MaxFile {
		err = fmt.Errorf("file of %d bytes", info.Size())
	}
	if err != nil {
		return Item{Name: e.Name(), Kind: kindOf(e.Name()), Fault: err}
	}
	data, err := os.ReadFile(filepath.Join(s.folder, e.Name()))
	if err != nil {
		return Item{Name: e.Name(), Kind: kindOf(e.Name()), Fault: err}
	}
	item := parse(kindOf(e.Name()), data)
	item.Name = e.Name()
	return item
}

func parse(kind Kind, data []byte) (item Item) {
	item.Kind, item.Digest = kind, sha256.Sum256(data)
	switch kind {
	case Certificate:
		var c *pki.Certificate
		if c, item.Fault = readRoot(data); item.Fault == nil {
			item.Certificates = []*pki.Certificate{c}
		}
	case Master:
		if item.List, item.Fault = ParseMasterList(data); item.Fault == nil {
			item.Certificates = item.List.Certificates
		}
	case Revocations:
		item.Revocation, item.Fault = pki.ParseRevocationList(data)
	}
	return item
}
