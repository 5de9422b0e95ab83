package match_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/idem-id/idem/match"
)

// snapshotFile is a snapshot in memory. during, when there is one, runs before
// each write.
type snapshotFile struct {
	bytes  []byte
	during func()
}

func (f *snapshotFile) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(f.bytes).ReadAt(p, off)
}

func (f *snapshotFile) WriteAt(p []byte, off int64) (int, error) {
	if f.during != nil {
		f.during()
	}
	if missing := int(off) + len(p) - len(f.bytes); missing > 0 {
		f.bytes = append(f.bytes, make([]byte, missing)...)
	}
	return copy(f.bytes[off:], p), nil
}

// gcm seals as the vault does; nonces are the cipher's own or the package's.
func gcm(t testing.TB, ownNonces bool) match.Seal {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if ownNonces {
		aead, err = cipher.NewGCMWithRandomNonce(block)
	}
	if err != nil {
		t.Fatal(err)
	}
	return match.Seal{AEAD: aead, Bind: []byte("this gallery")}
}

// clear seals nothing, so that tests see what would be under the seal.
type clearText struct{}

func (clearText) NonceSize() int { return 0 }
func (clearText) Overhead() int  { return 0 }

func (clearText) Seal(dst, _, plain, _ []byte) []byte           { return append(dst, plain...) }
func (clearText) Open(dst, _, sealed, _ []byte) ([]byte, error) { return append(dst, sealed...), nil }

func save(t testing.TB, g *match.Gallery, seal match.Seal) *snapshotFile {
	t.Helper()
	f := &snapshotFile{}
	if err := g.Capture().Save(t.Context(), f, seal); err != nil {
		t.Fatalf("Save: %v", err)
	}
	return f
}

func (f *snapshotFile) open(dim int, seal match.Seal) (*match.Snapshot, error) {
	return match.OpenSnapshot(f, int64(len(f.bytes)), model, dim, seal)
}

func (f *snapshotFile) load(ctx context.Context, dim int, seal match.Seal) (*match.Gallery, error) {
	s, err := f.open(dim, seal)
	if err != nil {
		return nil, err
	}
	return s.Load(ctx)
}

// TestSnapshot saves a gallery while it changes. What is loaded are the rows of
// the moment of the capture, less those that were removed since and erased, and
// the loaded gallery lives on like any other.
func TestSnapshot(t *testing.T) {
	seals := map[bool]match.Seal{true: gcm(t, true), false: gcm(t, false)}
	rapid.Check(t, func(t *rapid.T) { snapshotWhileChanging(t, seals[rapid.Bool().Draw(t, "own nonces")]) })
}

func snapshotWhileChanging(t *rapid.T, seal match.Seal) {
	dim := rapid.SampledFrom([]int{1, 8, 100, 512, 2048}).Draw(t, "dim")
	g, err := match.NewGallery(model, dim)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{dim: dim, g: g, rows: map[uint64][]int8{}}
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	for range rapid.IntRange(0, 3).Draw(t, "rounds") {
		w.add(t, r)
		w.remove(t, r)
	}
	captured, capture := maps.Clone(w.rows), w.g.Capture()
	gone := []uint64{20001}
	f := &snapshotFile{during: func() {
		if r.IntN(8) > 0 {
			return
		}
		before := w.ids()
		w.remove(t, r)
		gone = append(gone, slices.DeleteFunc(before, func(id uint64) bool { return w.rows[id] != nil })...)
		w.add(t, r)
	}}
	if err := capture.Save(t.Context(), f, seal); err != nil {
		t.Fatalf("Save: %v", err)
	}
	f.during = nil
	for _, id := range gone {
		delete(captured, id)
	}
	mustErase(t, f, dim, seal, gone...)
	loaded, err := f.load(t.Context(), dim, seal)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	back := &world{dim: dim, g: loaded, rows: captured}
	back.check(t, r)
	back.add(t, r)
	back.remove(t, r)
	back.check(t, r)
}

func (w *world) check(t *rapid.T, r *rand.Rand) {
	if w.g.Len() != len(w.rows) {
		t.Fatalf("%d rows, want %d", w.g.Len(), len(w.rows))
	}
	w.search(t, r)
}

func mustErase(t interface{ Fatalf(string, ...any) }, f *snapshotFile, dim int, seal match.Seal, ids ...uint64) int {
	s, err := f.open(dim, seal)
	if err != nil {
		t.Fatalf("OpenSnapshot: %v", err)
	}
	n, err := s.Erase(ids...)
	if err != nil {
		t.Fatalf("Erase: %v", err)
	}
	return n
}

// TestErasedRowIsNowhereInTheSnapshot looks under the seal.
func TestErasedRowIsNowhereInTheSnapshot(t *testing.T) {
	const dim, rows = 512, 300
	g, r, seal := newGallery(t, dim), rand.New(rand.NewPCG(1, 1)), match.Seal{AEAD: clearText{}}
	for id := range uint64(rows) {
		mustAdd(t, g, id, fromCodes(t, randomCodes(r, dim)))
	}
	f := save(t, g, seal)
	if n := standing(f.bytes); n < dim {
		t.Fatalf("the row is not where the test looks for it: %d bytes", n)
	}
	if n := mustErase(t, f, dim, seal, 150, 9999); n != 1 {
		t.Fatalf("erased %d rows", n)
	}
	if n := mustErase(t, f, dim, seal, 150); n != 0 {
		t.Error("a row was erased twice")
	}
	if n := standing(f.bytes); n != 0 {
		t.Errorf("the snapshot still has %d bytes of the row", n)
	}
}

// standing counts the bytes of row 150 of 512 dimensions that are not zero: its
// lanes in both planes, its entries in the header of the block, its norm.
func standing(file []byte) (n int) {
	const blocks, lines, row = 7, 64, 150 % 112
	const high, low = 64 + 64*lines, 64 * lines
	at := 4096 + blocks*(high+low+64+2) // the second extent
	header := at + row/16*high
	for g := range lines {
		n += nonZero(file[header+64+64*g+4*(row%16):][:4])
		n += nonZero(file[at+blocks*high+4*lines*row+4*g:][:4])
	}
	n += nonZero(file[header+2*(row%16):][:2]) + nonZero(file[header+32+2*(row%16):][:2])
	return n + nonZero(file[at+blocks*(high+low)+4*row:][:4])
}

func nonZero(b []byte) (n int) {
	for _, x := range b {
		if x != 0 {
			n++
		}
	}
	return n
}

func randomCodes(r *rand.Rand, dim int) []int8 {
	codes := make([]int8, dim)
	for i := range codes {
		codes[i] = int8(r.IntN(255) - 127)
	}
	return codes
}

// filled is a small gallery of random rows, its codes and its snapshot.
func filled(t testing.TB, rows, dim int) (map[uint64][]int8, *snapshotFile) {
	t.Helper()
	g, r, all := newGallery(t, dim), rand.New(rand.NewPCG(3, 3)), map[uint64][]int8{}
	for id := range uint64(rows) {
		all[id] = randomCodes(r, dim)
		mustAdd(t, g, id, fromCodes(t, all[id]))
	}
	return all, save(t, g, gcm(t, true))
}

// TestDamagedSnapshot flips, cuts, swaps and misplaces: nothing of it loads.
func TestDamagedSnapshot(t *testing.T) {
	const dim = 2048 // one block of sixteen rows in an extent
	_, whole := filled(t, 50, dim)
	stride := (len(whole.bytes) - 4096 - 8*50 - 28) / 4
	cases := map[string]func([]byte) []byte{
		"empty":             func(b []byte) []byte { return nil },
		"header alone":      func(b []byte) []byte { return b[:4096] },
		"a byte too few":    func(b []byte) []byte { return b[:len(b)-1] },
		"a byte too many":   func(b []byte) []byte { return append(b, 0) },
		"an extent is gone": func(b []byte) []byte { return append(b[:4096:4096], b[4096+stride:]...) },
		"no rows":           func(b []byte) []byte { return withRows(b[:4096+28], 0) },
		"fewer rows": func(b []byte) []byte {
			return withRows(append(b[:4096+4*stride:4096+4*stride], b[4096+4*stride+8:]...), 49)
		},
		"rows without end": func(b []byte) []byte { return withRows(b, 1<<62) },
		"extents change places": func(b []byte) []byte {
			first := bytes.Clone(b[4096:][:stride])
			copy(b[4096:], b[4096+stride:][:stride])
			copy(b[4096+stride:], first)
			return b
		},
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			mustNotLoad(t, &snapshotFile{bytes: damage(bytes.Clone(whole.bytes))}, dim, gcm(t, true))
		})
	}
	t.Run("another bind", func(t *testing.T) {
		seal := gcm(t, true)
		seal.Bind = []byte("another gallery")
		mustNotLoad(t, whole, dim, seal)
	})
	t.Run("another dimension", func(t *testing.T) { mustNotLoad(t, whole, dim-1, gcm(t, true)) })
	t.Run("flipped bits", func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 5))
		for range 200 {
			b := bytes.Clone(whole.bytes)
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			if !bytes.Equal(b[52:4096], make([]byte, 4096-52)) {
				continue // the rest of the header means nothing
			}
			mustNotLoad(t, &snapshotFile{bytes: b}, dim, gcm(t, true))
		}
	})
}

func withRows(b []byte, n uint64) []byte {
	binary.LittleEndian.PutUint64(b[24:], n)
	binary.LittleEndian.PutUint32(b[48:], castagnoli(b[:48]))
	return b
}

func mustNotLoad(t *testing.T, f *snapshotFile, dim int, seal match.Seal) {
	t.Helper()
	if _, err := f.load(t.Context(), dim, seal); !errors.Is(err, match.ErrSnapshot) {
		t.Errorf("Load: %v", err)
	}
}

// TestSnapshotVersion fails when the layout of a snapshot changes, and with it
// what an older file would be taken for: raise snapshotVersion then.
func TestSnapshotVersion(t *testing.T) {
	g, r := newGallery(t, 100), rand.New(rand.NewPCG(1, 1))
	for id := range uint64(40) {
		mustAdd(t, g, id, fromCodes(t, randomCodes(r, 100)))
	}
	f := save(t, g, match.Seal{AEAD: clearText{}})
	version, sum := binary.LittleEndian.Uint32(f.bytes[8:]), castagnoli(f.bytes[4096:])
	if version != 1 || sum != 0xefcb3966 {
		t.Errorf("version %d, checksum %#x", version, sum)
	}
}

func TestLoadOfCancelledContext(t *testing.T) {
	_, f := filled(t, 50, 2048)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.load(ctx, 2048, gcm(t, true)); !errors.Is(err, context.Canceled) {
		t.Errorf("Load: %v", err)
	}
}

// FuzzSnapshot changes a snapshot under its seal and beside it. What loads must
// be what was saved.
func FuzzSnapshot(f *testing.F) {
	const dim = 40
	rows, whole := filled(f, 20, dim)
	f.Add(0, []byte{1})
	f.Add(24, []byte{1, 0, 0, 0, 0, 0, 0, 1})
	f.Add(4096, []byte{0})
	f.Add(len(whole.bytes)-1, []byte{0, 0})
	f.Fuzz(func(t *testing.T, at int, patch []byte) {
		b := bytes.Clone(whole.bytes)
		if at < 0 || at > len(b) || len(patch) > 1<<20 {
			return
		}
		b = append(b[:at:at], append(bytes.Clone(patch), b[min(len(b), at+len(patch)):]...)...)
		if len(b) >= 52 {
			binary.LittleEndian.PutUint32(b[48:], castagnoli(b[:48]))
		}
		g, err := (&snapshotFile{bytes: b}).load(t.Context(), dim, gcm(t, true))
		if err != nil {
			if !errors.Is(err, match.ErrSnapshot) {
				t.Fatalf("Load: %v", err)
			}
			return
		}
		probe := randomCodes(rand.New(rand.NewPCG(9, 9)), dim)
		found, err := g.Search(t.Context(), fromCodes(t, probe), match.Request{})
		if err != nil || !same(found.Candidates, naiveSearch(rows, probe, 0, -2, func(uint64) bool { return false })) {
			t.Fatalf("wrong rows: %v", err)
		}
	})
}

// FuzzUnsealedSnapshot is for who has the key: any content, and no panic.
func FuzzUnsealedSnapshot(f *testing.F) {
	const dim = 40
	r := rand.New(rand.NewPCG(3, 3))
	seal := match.Seal{AEAD: clearText{}}
	g := newGallery(f, dim)
	for id := range uint64(20) {
		mustAdd(f, g, id, fromCodes(f, randomCodes(r, dim)))
	}
	whole := save(f, g, seal)
	f.Add(4096, []byte{1})
	f.Add(len(whole.bytes)-8, []byte{0})
	f.Fuzz(func(t *testing.T, at int, patch []byte) {
		b := bytes.Clone(whole.bytes)
		if at < 0 || at >= len(b) {
			return
		}
		copy(b[at:], patch)
		binary.LittleEndian.PutUint32(b[48:], castagnoli(b[:48]))
		loaded, err := (&snapshotFile{bytes: b}).load(t.Context(), dim, seal)
		if err != nil {
			return
		}
		if _, err := loaded.Search(t.Context(), fromCodes(t, randomCodes(r, dim)), match.Request{K: 3}); err != nil {
			t.Fatal(err)
		}
		for id := range uint64(20) {
			loaded.Remove(id)
		}
	})
}

// BenchmarkLoad measures a start from a snapshot file, which the system has in
// its cache, and saving it.
func BenchmarkLoad(b *testing.B) {
	g, _ := town(b, *benchRows, *benchDims, 2)
	path := filepath.Join(b.TempDir(), "rows")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	start := time.Now()
	if err := g.Capture().Save(b.Context(), f, gcm(b, true)); err != nil {
		b.Fatal(err)
	}
	saved := time.Since(start)
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	var all []time.Duration
	for b.Loop() {
		all = append(all, timed(func() {
			s, err := match.OpenSnapshot(f, info.Size(), model, *benchDims, gcm(b, true))
			if err != nil {
				b.Fatal(err)
			}
			if loaded, err := s.Load(b.Context()); err != nil || loaded.Len() != *benchRows {
				b.Fatal(err)
			}
		}))
	}
	b.ReportMetric(milliseconds(all), "load-ms")
	b.ReportMetric(saved.Seconds()*1000, "save-ms")
	b.ReportMetric(float64(info.Size())/float64(*benchRows), "bytes/row")
	b.ReportMetric(0, "ns/op")
}
