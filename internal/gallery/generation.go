package gallery

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/match"
)

// generation is one snapshot of a log: a folder named by the log's position and
// the key that seals what is in it, the references in a file for each set, and
// the table. While it is a draft its name says so; a crash leaves a draft or a
// whole generation behind.
type generation struct {
	parent   string
	position idem.Seq
	key      idem.DataKeyID
	draft    bool
	sets     []idem.Set // that have a file, in the order of their numbers
	wiped    bool       // rows were erased
	written  time.Time
}

const (
	draftMark = "draft-"
	tableFile = "table"
)

func (n *generation) folder() string {
	name := fmt.Sprintf("%d-%s", n.position, n.key)
	if n.draft {
		name = draftMark + name
	}
	return filepath.Join(n.parent, name)
}

func (n *generation) setFile(number int) string {
	return filepath.Join(n.folder(), strconv.Itoa(number)+".rows")
}

// bind names what a file of the generation belongs to: its folder, but for
// being a draft, and its part.
func (n *generation) bind(part string) []byte {
	return fmt.Appendf(nil, "%q %q %d %q", filepath.Base(filepath.Dir(n.parent)), filepath.Base(n.parent), n.position, part)
}

func (n *generation) seal(aead cipher.AEAD, set idem.Set) match.Seal {
	return match.Seal{AEAD: aead, Bind: n.bind("set " + string(set))}
}

// bytesPerEntry is about what an entry takes besides its codes; spareRoom is
// what must be left for the rest of the system.
const (
	bytesPerEntry = 80
	spareRoom     = 256 << 20
)

// makeFolder makes the folder unless the disk has no room for size bytes more.
func (n *generation) makeFolder(size int64) error {
	if err := os.MkdirAll(n.folder(), 0o700); err != nil {
		return err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(n.folder(), &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < size+spareRoom {
		return fmt.Errorf("%d MiB are too little room for a snapshot of %d MiB", free>>20, size>>20)
	}
	return nil
}

// write makes all files, durably, at pace bytes a second.
func (n *generation) write(ctx context.Context, aead cipher.AEAD, pace int, c *checkpoint) error {
	for set, rows := range c.sets {
		n.sets = append(n.sets, set)
		err := writeFile(n.setFile(len(n.sets)-1), func(f *os.File) error {
			return rows.Save(ctx, newPacer(ctx, f, pace), n.seal(aead, set))
		})
		if err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(n.folder(), tableFile), func(f *os.File) error {
		return c.writeTable(newPacer(ctx, f, pace), aead, n.bind(tableFile), n.sets)
	})
}

// writeFile makes a file that only its owner reads, and syncs it.
func writeFile(path string, fill func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// publish makes the draft a generation, durably.
func (n *generation) publish() error {
	draft := n.folder()
	if err := syncFolder(draft); err != nil {
		return err
	}
	n.draft, n.written = false, time.Now()
	if err := os.Rename(draft, n.folder()); err != nil {
		return err
	}
	return syncFolder(n.parent)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// load reads everything.
func (n *generation) load(ctx context.Context, aead cipher.AEAD, model Model) (*checkpoint, map[idem.Set]*match.Gallery, error) {
	f, err := os.Open(filepath.Join(n.folder(), tableFile))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	n.written = info.ModTime()
	c, named, err := readTable(f, aead, n.bind(tableFile))
	if err != nil {
		return nil, nil, err
	}
	n.sets = named
	sets, err := n.loadSets(ctx, aead, model)
	return c, sets, err
}

func (n *generation) loadSets(ctx context.Context, aead cipher.AEAD, model Model) (map[idem.Set]*match.Gallery, error) {
	sets := map[idem.Set]*match.Gallery{}
	for i, set := range n.sets {
		err := n.withSet(i, aead, model, func(s *match.Snapshot, _ *os.File) (err error) {
			if sets[set], err = s.Load(ctx); err == nil && sets[set].Len() < s.Len() {
				n.wiped = true
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("references of %s: %w", set, err)
		}
	}
	return sets, nil
}

func (n *generation) withSet(number int, aead cipher.AEAD, model Model, use func(*match.Snapshot, *os.File) error) error {
	f, err := os.OpenFile(n.setFile(number), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s, err := match.OpenSnapshot(f, info.Size(), model.Short, model.Dim, n.seal(aead, n.sets[number]))
	if err != nil {
		return err
	}
	return use(s, f)
}

// erase overwrites the references of entries, durably, and returns how many
// there were. It looks into every set, for an entry may have moved since.
func (n *generation) erase(aead cipher.AEAD, model Model, ended []idem.Seq) (total int, err error) {
	if len(ended) == 0 {
		return 0, nil
	}
	ids := make([]uint64, len(ended))
	for i, seq := range ended {
		ids[i] = uint64(seq)
	}
	for i := range n.sets {
		err := n.withSet(i, aead, model, func(s *match.Snapshot, f *os.File) error {
			erased, err := s.Erase(ids...)
			total += erased
			if err != nil || erased == 0 {
				return err
			}
			return f.Sync()
		})
		if err != nil {
			return total, err
		}
	}
	n.wiped = n.wiped || total > 0
	return total, nil
}

// list returns the generations and drafts of the log.
func (k *keeper) list() ([]*generation, error) {
	names, err := os.ReadDir(k.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []*generation
	for _, entry := range names {
		n := &generation{parent: k.folder}
		name, draft := strings.CutPrefix(entry.Name(), draftMark)
		position, key, _ := strings.Cut(name, "-")
		at, err := strconv.ParseInt(position, 10, 64)
		if err != nil {
			continue // not ours
		}
		n.draft, n.position, n.key = draft, idem.Seq(at), idem.DataKeyID(key)
		all = append(all, n)
	}
	return all, err
}

// newest returns the generation of the highest position, nil when there is none.
func (k *keeper) newest() (found *generation, err error) {
	all, err := k.list()
	for _, n := range all {
		if !n.draft && (found == nil || n.position > found.position) {
			found = n
		}
	}
	return found, err
}

// tidy ends every generation but the current one, and drafts that nobody
// writes. What cannot be ended now is left to SaveSnapshots.
func (k *keeper) tidy(ctx context.Context, org idem.OrgID) {
	all, err := k.list()
	k.left = err != nil
	if err != nil {
		k.Log.Error("snapshots: list", "organisation", org, "error", err)
	}
	for _, n := range all {
		if n.draft && k.writing || k.current != nil && n.folder() == k.current.folder() {
			continue
		}
		if err := n.end(ctx, org, k.Keys); err != nil {
			k.left = true
			k.Log.Error("snapshots: destroy", "organisation", org, "error", err)
		}
	}
}

// endStrangers ends the snapshots of organisations that are no more, and those
// of models that are not compared any more. It reports whether none is left.
func (g *Gallery) endStrangers(ctx context.Context, orgs []idem.Organisation) bool {
	s, done := g.opt.Snapshots, true
	if s == nil {
		return true
	}
	found, _ := fs.Glob(os.DirFS(s.Folder), "*/*") // the pattern is well-formed
	for _, path := range found {
		folder := filepath.Join(s.Folder, path)
		org, err := url.PathUnescape(filepath.Base(filepath.Dir(folder)))
		known := slices.ContainsFunc(orgs, func(o idem.Organisation) bool { return string(o.ID) == org })
		if err != nil || known && filepath.Base(folder) == url.PathEscape(g.model.ID) {
			continue
		}
		k := &keeper{Snapshots: s.withDefaults(), folder: folder}
		k.tidy(ctx, idem.OrgID(org))
		_ = os.Remove(folder) // unless something is left
		done = done && !k.left
	}
	return done
}

// end destroys the key and then the files: without the key these are noise.
func (n *generation) end(ctx context.Context, org idem.OrgID, keys SnapshotKeys) error {
	err := keys.DestroyKey(ctx, org, n.key)
	if err != nil && idem.CodeOf(err) != "KEY_MISSING" {
		return err
	}
	return os.RemoveAll(n.folder())
}

// pacer is a file that is written at a bounded rate and synced as it grows, so
// that a snapshot leaves the disk to the database.
type pacer struct {
	*os.File
	ctx     context.Context
	rate    int // bytes a second, 0 for no bound
	started time.Time
	written int
	synced  int
}

// syncEvery is how many bytes may wait for the disk.
const syncEvery = 8 << 20

func newPacer(ctx context.Context, f *os.File, rate int) *pacer {
	return &pacer{File: f, ctx: ctx, rate: rate, started: time.Now()}
}

func (p *pacer) WriteAt(b []byte, at int64) (int, error) {
	n, err := p.File.WriteAt(b, at)
	if err != nil {
		return n, err
	}
	return n, p.pause(n)
}

func (p *pacer) Write(b []byte) (int, error) {
	n, err := p.File.Write(b)
	if err != nil {
		return n, err
	}
	return n, p.pause(n)
}

func (p *pacer) pause(n int) error {
	if p.written += n; p.rate == 0 {
		return nil
	}
	if p.written-p.synced >= syncEvery {
		p.synced = p.written
		if err := p.Sync(); err != nil {
			return err
		}
	}
	ahead := time.Duration(float64(p.written)/float64(p.rate)*float64(time.Second)) - time.Since(p.started)
	if ahead < 10*time.Millisecond {
		return nil
	}
	timer := time.NewTimer(ahead)
	defer timer.Stop()
	select {
	case <-p.ctx.Done():
		return p.ctx.Err()
	case <-timer.C:
		return nil
	}
}
