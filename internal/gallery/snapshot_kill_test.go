package gallery_test

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

// fileKeys are keys that several processes share, a file each. They seal
// nothing, so that the test sees what lies on the disk, and kill the process
// before it seals for the left-th time.
type fileKeys struct {
	folder string
	left   atomic.Int64
}

func (k *fileKeys) NewKey(context.Context, idem.OrgID) (idem.DataKeyID, error) {
	key := uuid.NewString()
	err := os.MkdirAll(k.folder, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(k.folder, key), nil, 0o600)
	}
	return idem.DataKeyID(key), err
}

func (k *fileKeys) AEAD(_ context.Context, _ idem.OrgID, key idem.DataKeyID) (cipher.AEAD, error) {
	_, err := os.Stat(filepath.Join(k.folder, string(key)))
	return deadlyText{left: &k.left}, err
}

func (k *fileKeys) DestroyKey(_ context.Context, _ idem.OrgID, key idem.DataKeyID) error {
	err := os.Remove(filepath.Join(k.folder, string(key)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

type deadlyText struct {
	clearText
	left *atomic.Int64
}

func (d deadlyText) Seal(dst, nonce, plain, bind []byte) []byte {
	if d.left.Add(-1) == 0 {
		die()
	}
	return d.clearText.Seal(dst, nonce, plain, bind)
}

// TestKilledWhileSaving kills a process in the middle of saving and of erasing,
// and starts it again. Every start must know what the log says, no snapshot may
// be found damaged, and at the end no erased template may lie on the disk.
func TestKilledWhileSaving(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killedWhileSaving(t, filepath.Join(t.TempDir(), "idem.db")) })
	t.Run("postgres", func(t *testing.T) { killedWhileSaving(t, storetest.PostgresURL(t)) })
}

func killedWhileSaving(t *testing.T, database string) {
	const people, rounds = 1200, 25 // three extents, and one for the ids
	s, err := openDatabase(t.Context(), database, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	id := storetest.NewOrganisation(t, s)
	live := newClient(s, sharedSealer{}, id, workerOptions)
	list, at := enrolMany(t, live, people)
	folder := filepath.Join(t.TempDir(), "snapshots")
	t.Setenv(envFolder, folder)
	f := newFarm(t, database, id)
	erased, loaded := map[int]bool{}, 0
	for round := range rounds {
		again, gone := rand.IntN(people), rand.IntN(people)
		f.mustSay(t, fmt.Sprintf("save %%d 0 %d", rand.IntN(9)), "saved")
		if !erased[gone] {
			erased[gone] = true
			f.mustSay(t, fmt.Sprintf("remove %%d %d %d", at[gone], rand.IntN(3)), "removed")
		}
		if !erased[again] {
			f.mustSay(t, fmt.Sprintf("enrol %%d %d %d", again, never), "duplicate")
		}
		n, failed := f.counts(t)
		if failed > 0 {
			t.Fatalf("round %d: %d failures with snapshots", round, failed)
		}
		loaded += n
	}
	f.mustSay(t, "save %d 0 0", "saved")
	left := &snapshots{folder: folder}
	for face, e := range list {
		if found := left.holds(t, highLane(e.Template)); found == erased[face] {
			t.Errorf("face %d: on the disk %v, erased %v", face, found, erased[face])
		}
	}
	t.Logf("%d processes died, %d times one had started from a snapshot", f.died, loaded)
	if f.died == 0 || loaded == 0 {
		t.Error("no process died, or none started from a snapshot")
	}
}

// mustSay gives an order and expects an answer that begins so, or death.
func (f *farm) mustSay(t *testing.T, order, want string) {
	t.Helper()
	got, err := f.ask(0, order)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, want) && got != string(unknown) {
		t.Fatalf("%s: %s, want %s", order, got, want)
	}
}

func (f *farm) counts(t *testing.T) (loaded, failed int) {
	t.Helper()
	got, err := f.ask(0, "count %d 0")
	if err == nil && got != string(unknown) {
		_, err = fmt.Sscan(got, &loaded, &failed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return loaded, failed
}

// enrolMany adds the faces 0..n-1 and returns them with their positions.
func enrolMany(t *testing.T, c *client, n int) (list []gallery.Entry, at []idem.Seq) {
	t.Helper()
	for face := range n {
		list = append(list, entryOf(face))
	}
	err := c.s.Update(t.Context(), c.org, func(tx store.Tx) (err error) {
		at, err = c.g.Add(t.Context(), tx, list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, at
}
