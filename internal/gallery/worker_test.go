package gallery_test

import (
	"bufio"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/sqlite"
)

// The environment of a worker: where its database is and whose log it works on.
const (
	envDatabase = "IDEM_GALLERY_WORKER"
	envOrg      = "IDEM_GALLERY_WORKER_ORG"
	envFolder   = "IDEM_GALLERY_WORKER_SNAPSHOTS" // empty: none
)

// workerOptions have leases so short that the dead do not hold a test up.
var workerOptions = gallery.Options{Lease: 400 * time.Millisecond, WaitLimit: time.Minute}

// TestMain makes the test binary a worker when a test starts it as one.
func TestMain(m *testing.M) {
	database := os.Getenv(envDatabase)
	if database == "" {
		os.Exit(m.Run())
	}
	if err := work(context.Background(), database, idem.OrgID(os.Getenv(envOrg))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func openDatabase(ctx context.Context, database string, now func() time.Time) (store.Store, error) {
	if strings.HasPrefix(database, "postgres") {
		return postgres.Open(ctx, database, sharedSealer{}, postgres.Options{Now: now})
	}
	return sqlite.Open(ctx, database, sharedSealer{}, sqlite.Options{Now: now})
}

// work answers the orders on standard input until there are no more:
//
//	enrol ID FACE FATE   ->  ID OUTCOME SEQ, or ID error TEXT
//	probe ID FACE        ->  ID DIGEST
//	save ID 0 LEFT       ->  ID saved; it dies before it seals extent LEFT, 0 never
//	remove ID SEQ LEFT   ->  ID removed; likewise while it erases the snapshot's row
//	count ID             ->  ID LOADED FAILED
func work(ctx context.Context, database string, id idem.OrgID) error {
	s, err := openDatabase(ctx, database, time.Now)
	if err != nil {
		return err
	}
	options := workerOptions
	keys := &fileKeys{folder: os.Getenv(envFolder) + ".keys"}
	if folder := os.Getenv(envFolder); folder != "" {
		options.Snapshots = &gallery.Snapshots{Folder: folder, Keys: keys, MinRows: 1, MaxAge: time.Nanosecond}
	}
	w := &worker{client: newClient(s, sharedSealer{}, id, options), keys: keys}
	if err := w.g.CatchUp(ctx); err != nil {
		return err
	}
	var running sync.WaitGroup
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		order := orders.Text()
		running.Go(func() { w.serve(ctx, order) })
	}
	running.Wait()
	return errors.Join(orders.Err(), s.Close())
}

type worker struct {
	*client
	keys *fileKeys
	mu   sync.Mutex
}

func (w *worker) serve(ctx context.Context, order string) {
	var verb string
	var id, face, fate int
	if n, err := fmt.Sscan(order, &verb, &id, &face, &fate); err != nil && n < 3 {
		w.say("0 error cannot read order %q", order)
		return
	}
	switch verb {
	case "enrol":
		w.enrolOne(ctx, id, face, step(fate))
	case "probe":
		answer, err := w.g.Identify(ctx, w.org, gallerytest.Template(gallerytest.NewFaces(uint64(face)).Face()), anyone)
		if err != nil {
			w.say("%d error %v", id, err)
			return
		}
		w.say("%d %d", id, digestMatches(answer.Matches))
	case "save":
		w.keys.left.Store(int64(fate))
		w.g.SaveSnapshots(ctx, true)
		w.say("%d saved", id)
	case "remove":
		w.keys.left.Store(int64(fate))
		err := w.s.Update(ctx, w.org, func(tx store.Tx) error { return w.g.Remove(ctx, tx, idem.Seq(face)) })
		if err = errors.Join(err, w.g.CatchUp(ctx)); err != nil {
			w.say("%d error %v", id, err)
			return
		}
		w.say("%d removed", id)
	case "count":
		n := w.g.Stats().Snapshots
		w.say("%d %d %d", id, n.Loaded, n.Failed)
	}
}

func (w *worker) enrolOne(ctx context.Context, id, face int, fate step) {
	result, seq, err := w.enrol(ctx, entryOf(face), func(at step) bool {
		if at == fate {
			die()
		}
		return false
	})
	switch {
	case err == nil, retryable(err):
	case idem.KindOf(err) == idem.Unavailable:
		result = unknown
	default:
		w.say("%d error %v", id, err)
		return
	}
	w.say("%d %s %d", id, result, seq)
}

// die ends the process as a power cut would: nothing is cleaned up.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func (w *worker) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = io.WriteString(os.Stdout, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")+"\n")
}

func digestMatches(matches []gallery.Match) uint64 {
	h := fnv.New64a()
	for _, m := range matches {
		_ = binary.Write(h, binary.LittleEndian, [2]uint64{uint64(m.Seq), math.Float64bits(m.Score)})
	}
	return h.Sum64()
}

// sharedSealer is a sealer whose keys follow from their names, so that several
// processes have the same ones.
type sharedSealer struct{ store.Sealer }

func (sharedSealer) cipher(key idem.DataKeyID) cipher.AEAD {
	secret := sha256.Sum256([]byte("secret of the tests " + key))
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// sharedKeySize is the length of every key's name in this package.
const sharedKeySize = 36

func (s sharedSealer) Seal(_ context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error) {
	if len(key) != sharedKeySize {
		return nil, fmt.Errorf("key name of %d characters", len(key))
	}
	digest := digestOf(at)
	return s.cipher(key).Seal([]byte(key), nil, plain, digest[:]), nil
}

func (s sharedSealer) Open(_ context.Context, at store.Place, sealed []byte) ([]byte, error) {
	if len(sealed) < sharedKeySize {
		return nil, errors.New("too short")
	}
	digest := digestOf(at)
	return s.cipher(idem.DataKeyID(sealed[:sharedKeySize])).Open(nil, nil, sealed[sharedKeySize:], digest[:])
}

func (sharedSealer) OrgKey(context.Context, idem.OrgID) (idem.DataKeyID, error) {
	return "00000000-0000-7000-8000-00000000000f", nil
}

func (sharedSealer) Blind(_ context.Context, id idem.OrgID, domain, value string) ([]byte, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", id, domain, value))
	return sum[:], nil
}
