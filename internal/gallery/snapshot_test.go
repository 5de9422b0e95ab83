package gallery_test

import (
	"bytes"
	"context"
	"crypto/cipher"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

// memKeys are the keys of snapshots as a vault has them.
type memKeys struct {
	mu     sync.Mutex
	live   map[idem.DataKeyID]bool
	clear  bool   // seal nothing, so that tests see what lies on the disk
	down   error  // answer of everything
	made   func() // called by NewKey, unless nil
	locked bool   // AEAD does not answer
}

func newMemKeys() *memKeys { return &memKeys{live: map[idem.DataKeyID]bool{}} }

func (k *memKeys) NewKey(context.Context, idem.OrgID) (idem.DataKeyID, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := idem.DataKeyID(uuid.NewString())
	k.live[key] = true
	if k.made != nil {
		k.made()
	}
	return key, k.down
}

func (k *memKeys) AEAD(_ context.Context, _ idem.OrgID, key idem.DataKeyID) (cipher.AEAD, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.down != nil:
		return nil, k.down
	case !k.live[key]:
		return nil, idem.ErrErased
	case k.locked:
		return nil, errors.New("no cipher")
	case k.clear:
		return clearText{}, nil
	}
	return sharedSealer{}.cipher(key), nil
}

func (k *memKeys) DestroyKey(_ context.Context, _ idem.OrgID, key idem.DataKeyID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down == nil {
		delete(k.live, key)
	}
	return k.down
}

func (k *memKeys) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.live)
}

func (k *memKeys) set(down error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = down
}

type clearText struct{}

func (clearText) NonceSize() int { return 0 }
func (clearText) Overhead() int  { return 0 }

func (clearText) Seal(dst, _, plain, _ []byte) []byte           { return append(dst, plain...) }
func (clearText) Open(dst, _, sealed, _ []byte) ([]byte, error) { return append(dst, sealed...), nil }

// snapshots is a folder that outlives the galleries of a test.
type snapshots struct {
	folder string
	keys   *memKeys
	log    bytes.Buffer
}

func newSnapshots(t *testing.T) *snapshots {
	return &snapshots{folder: t.TempDir(), keys: newMemKeys()}
}

func (s *snapshots) options() gallery.Options {
	return gallery.Options{Page: 7, Snapshots: &gallery.Snapshots{
		Folder: s.folder, Keys: s.keys, Log: slog.New(slog.NewTextHandler(&s.log, nil)), MinRows: 1, MaxAge: time.Nanosecond,
	}}
}

// files lists the files below the folder.
func (s *snapshots) files(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(s.folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// restart is another process on the same folder.
func (r *rig) restart(s *snapshots) *rig {
	r.t.Helper()
	next := r.again(s.options())
	if err := next.CatchUp(r.t.Context()); err != nil {
		r.t.Fatalf("CatchUp: %v", err)
	}
	if err := next.Ready(r.t.Context()); err != nil {
		r.t.Fatalf("Ready: %v", err)
	}
	return next
}

// people enrols n subjects and returns their faces and positions.
func (r *rig) people(n int) (faces [][]float32, at []idem.Seq) {
	for i := range n {
		face := r.faces.Face()
		faces = append(faces, face)
		at = append(at, r.enrol(subject(i), gallerytest.Template(face)))
	}
	return faces, at
}

// people is a gallery of n subjects with other options.
func (s *snapshots) people(t *testing.T, n int, set func(*gallery.Snapshots)) (r *rig, faces [][]float32, at []idem.Seq) {
	t.Helper()
	o := s.options()
	set(o.Snapshots)
	r = newRig(t, o)
	faces, at = r.people(n)
	r.mustFind(faces[0], at[0])
	return r, faces, at
}

func (r *rig) mustFind(face []float32, want ...idem.Seq) {
	r.t.Helper()
	answer := r.identify(gallerytest.Template(face), gallery.Query{Sets: []idem.Set{idem.SetPhoto, idem.SetRegistered}, Floor: 0.9})
	if got := seqs(answer.Matches); !slices.Equal(got, append([]idem.Seq{}, want...)) {
		r.t.Errorf("found %v, want %v", got, want)
	}
}

func (r *rig) remove(seq idem.Seq) {
	r.t.Helper()
	if err := r.update(func(tx store.Tx) error { return r.Remove(r.t.Context(), tx, seq) }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) move(seq idem.Seq, set idem.Set) {
	r.t.Helper()
	if err := r.update(func(tx store.Tx) error { return r.Move(r.t.Context(), tx, seq, set) }); err != nil {
		r.t.Fatal(err)
	}
}

func TestStartFromASnapshot(t *testing.T) {
	s := newSnapshots(t)
	r := newRig(t, s.options())
	faces, at := r.people(30)
	r.identify(gallerytest.Template(faces[0]), anyone)
	r.SaveSnapshots(t.Context(), true)
	r.remove(at[3])
	r.move(at[4], idem.SetRegistered)
	late := r.enrol("a text that is no UUID", gallerytest.Template(r.faces.Face()))

	opened := r.sealer.opened()
	next := r.restart(s)
	if n := next.sealer.opened() - opened; n != 2 {
		t.Errorf("opened %d templates, want the moved one and the new one", n)
	}
	if got := next.Stats().Snapshots; got != (gallery.SnapshotStats{Loaded: 1, Erased: 1}) {
		t.Errorf("%+v", got)
	}
	next.mustFind(faces[0], at[0])
	next.mustFind(faces[3])
	next.mustFind(faces[4], at[4])
	if l := next.Stats().Logs[0]; l.Entries != 30 || l.Applied < late {
		t.Errorf("%+v", l)
	}
	if s.keys.count() != 1 || s.log.Len() > 0 {
		t.Errorf("%d keys; %s", s.keys.count(), &s.log)
	}
}

// TestUnusableSnapshots spoils a snapshot: the start reads the log instead, and
// neither key nor file is left.
func TestUnusableSnapshots(t *testing.T) {
	edit := func(part string, change func([]byte) []byte) func(*testing.T, *rig, *snapshots) {
		return func(t *testing.T, _ *rig, s *snapshots) {
			for _, path := range s.files(t) {
				if strings.HasSuffix(path, part) {
					b, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, change(b), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	cases := map[string]func(*testing.T, *rig, *snapshots){
		"references altered": edit(".rows", flip),
		"references cut":     edit(".rows", cut),
		"table altered":      edit("table", flip),
		"table cut":          edit("table", cut),
		"table emptied":      edit("table", func([]byte) []byte { return nil }),
		"key destroyed":      func(_ *testing.T, _ *rig, s *snapshots) { clear(s.keys.live) },
		"references gone": func(t *testing.T, _ *rig, s *snapshots) {
			for _, path := range s.files(t) {
				if strings.HasSuffix(path, ".rows") {
					_ = os.Remove(path)
				}
			}
		},
		"log shorter": func(_ *testing.T, r *rig, _ *snapshots) { r.store.cut(org, 10) },
		"another log": func(_ *testing.T, r *rig, _ *snapshots) {
			r.store.cut(org, 0)
			r.people(40)
		},
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSnapshots(t)
			r := newRig(t, s.options())
			faces, at := r.people(30)
			r.identify(gallerytest.Template(faces[0]), anyone)
			r.SaveSnapshots(t.Context(), true)
			if len(s.files(t)) == 0 {
				t.Fatal("nothing was saved")
			}
			spoil(t, r, s)
			next := r.restart(s)
			if n := next.Stats().Snapshots.Failed; n != 1 || s.log.Len() == 0 {
				t.Errorf("%d failures; log: %s", n, &s.log)
			}
			if len(s.files(t)) > 0 || s.keys.count() > 0 {
				t.Errorf("left: %v, %d keys", s.files(t), s.keys.count())
			}
			if !strings.Contains(name, "log") {
				next.mustFind(faces[20], at[20])
			}
		})
	}
}

// TestErasedTemplateIsNowhereOnTheDisk looks under the seal for the erased
// entry's lines, before and after.
func TestErasedTemplateIsNowhereOnTheDisk(t *testing.T) {
	s := newSnapshots(t)
	s.keys.clear = true
	r := newRig(t, s.options())
	faces, at := r.people(40)
	r.identify(gallerytest.Template(faces[0]), anyone)
	r.SaveSnapshots(t.Context(), true)
	row := highLane(gallerytest.Template(faces[17]))
	if !s.holds(t, row) {
		t.Fatal("the snapshot does not have the row where the test looks for it")
	}
	r.remove(at[17])
	r.mustFind(faces[17])
	if s.holds(t, row) || !s.holds(t, highLane(gallerytest.Template(faces[18]))) {
		t.Error("the erased row is still there, or its neighbour is not")
	}
}

// highLane is a template's part of the high plane: four bytes in each line of 64.
func highLane(x match.Template) [][]byte {
	codes := x.Codes()
	var lane [][]byte
	for g := 0; g < len(codes); g += 8 {
		var four []byte
		for i := range 4 {
			four = append(four, (byte(codes[g+i])+128)>>4|(byte(codes[g+4+i])+128)&0xf0)
		}
		lane = append(lane, four)
	}
	return lane
}

// holds looks for the lane at every place of every file.
func (s *snapshots) holds(t *testing.T, lane [][]byte) bool {
	for _, path := range s.files(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := range max(0, len(b)-64*len(lane)) {
			if startsWith(b[at:], lane) {
				return true
			}
		}
	}
	return false
}

func startsWith(b []byte, lane [][]byte) bool {
	for g, four := range lane {
		if !bytes.Equal(b[64*g:][:4], four) {
			return false
		}
	}
	return true
}

// TestSnapshotThatCannotBeErasedFromIsGivenUp: rather none than one with a row
// that the log has ended.
func TestSnapshotThatCannotBeErasedFromIsGivenUp(t *testing.T) {
	s := newSnapshots(t)
	r := newRig(t, s.options())
	faces, at := r.people(30)
	r.identify(gallerytest.Template(faces[0]), anyone)
	r.SaveSnapshots(t.Context(), true)
	s.keys.set(errors.New("no answer"))
	r.remove(at[1])
	r.mustFind(faces[1])
	if r.Stats().Snapshots.Failed != 1 {
		t.Errorf("%+v", r.Stats().Snapshots)
	}
	s.keys.set(nil)
	r.SaveSnapshots(t.Context(), true) // the old generation ends with it
	if s.keys.count() != 1 {
		t.Errorf("%d keys", s.keys.count())
	}
	r.restart(s).mustFind(faces[2], at[2])
}

// TestSnapshotThatCouldNotBeEnded goes as soon as it can, though the gallery has
// become too small to be saved again.
func TestSnapshotThatCouldNotBeEnded(t *testing.T) {
	s := newSnapshots(t)
	r, faces, at := s.people(t, 3, func(o *gallery.Snapshots) { o.MinRows = 3 })
	r.SaveSnapshots(t.Context(), true)
	s.keys.set(errors.New("no answer"))
	r.remove(at[1])
	r.mustFind(faces[1])
	r.SaveSnapshots(t.Context(), false)
	if len(s.files(t)) == 0 {
		t.Fatal("nothing is left to be ended")
	}
	s.keys.set(nil)
	r.SaveSnapshots(t.Context(), false)
	if len(s.files(t)) > 0 || s.keys.count() > 0 {
		t.Errorf("left: %v, %d keys", s.files(t), s.keys.count())
	}
}

// TestSnapshotOfAStranger: an organisation or a model that is no more leaves
// neither key nor file behind.
func TestSnapshotOfAStranger(t *testing.T) {
	s := newSnapshots(t)
	s.folder = filepath.Join(s.folder, "[is not a pattern")
	r := newRig(t, s.options())
	faces, _ := r.people(5)
	r.identify(gallerytest.Template(faces[0]), anyone)
	r.SaveSnapshots(t.Context(), true)
	r.restart(s)
	if len(s.files(t)) == 0 {
		t.Fatal("the own snapshot is gone")
	}
	r.store = newMemStore()
	delete(r.store.logs, org)
	s.keys.set(errors.New("no answer"))
	next := r.restart(s)
	if len(s.files(t)) == 0 {
		t.Fatal("the files are gone before their key")
	}
	s.keys.set(nil)
	if err := next.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.files(t)) > 0 || s.keys.count() > 0 {
		t.Errorf("left: %v, %d keys", s.files(t), s.keys.count())
	}
}

// TestSnapshotThatCannotBeWritten: neither looking for one nor saving works. It
// leaves no key behind, and nobody notices.
func TestSnapshotThatCannotBeWritten(t *testing.T) {
	s := newSnapshots(t)
	blocked := filepath.Join(s.folder, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.folder = filepath.Join(blocked, "below")
	r := newRig(t, s.options())
	faces, at := r.people(5)
	r.mustFind(faces[0], at[0])
	r.SaveSnapshots(t.Context(), false)
	if got := r.Stats().Snapshots; got.Failed != 2 || got.Saved != 0 || s.keys.count() != 0 {
		t.Errorf("%+v, %d keys", got, s.keys.count())
	}
	r.mustFind(faces[1], at[1])
	if err := r.Ready(t.Context()); err == nil {
		t.Error("ready without CatchUp")
	}
}

// TestStopInTheMiddleOfSaving: what the stop interrupts is no failure, after
// which the last save of the process would wait.
func TestStopInTheMiddleOfSaving(t *testing.T) {
	s := newSnapshots(t)
	r, _, _ := s.people(t, 5, func(o *gallery.Snapshots) { o.MaxAge = time.Hour })
	ctx, stop := context.WithCancel(t.Context())
	s.keys.made = stop
	r.SaveSnapshots(ctx, false)
	if got := r.Stats().Snapshots; got.Saved != 0 || got.Failed != 0 || s.keys.count() != 0 {
		t.Errorf("stopped: %+v, %d keys", got, s.keys.count())
	}
	r.SaveSnapshots(t.Context(), true)
	if got := r.Stats().Snapshots; got.Saved != 1 {
		t.Errorf("at the end: %+v", got)
	}
}

// TestNewKeyThatCannotBeUsed is destroyed, and the next try waits.
func TestNewKeyThatCannotBeUsed(t *testing.T) {
	s := newSnapshots(t)
	r, _, _ := s.people(t, 5, func(o *gallery.Snapshots) { o.MaxAge = time.Hour })
	made := 0
	s.keys.made = func() { made++; s.keys.locked = true }
	r.SaveSnapshots(t.Context(), false)
	r.SaveSnapshots(t.Context(), false)
	if made != 1 || s.keys.count() != 0 {
		t.Errorf("%d keys made, %d left", made, s.keys.count())
	}
}

// TestNoSnapshotWhileAnEntryIsBlind: what cannot be compared is not saved.
func TestNoSnapshotWhileAnEntryIsBlind(t *testing.T) {
	s := newSnapshots(t)
	r := newRig(t, s.options())
	r.people(5)
	r.sealer.destroy(idem.DataKeyID("key of " + subject(2)))
	if err := r.CatchUp(t.Context()); idem.CodeOf(err) != gallery.ErrKeyMissing.Code {
		t.Fatalf("CatchUp: %v", err)
	}
	r.SaveSnapshots(t.Context(), true)
	if len(s.files(t)) > 0 || s.keys.count() > 0 {
		t.Errorf("saved %v", s.files(t))
	}
}
