package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

const model = "face-1"

func reserve(subject string) idem.LogRow {
	return idem.LogRow{Op: idem.OpReserve, Set: idem.SetPhoto, Subject: subject, Sample: "sample of " + subject, Digest: sha256.Sum256([]byte(subject))}
}

// galleryOf returns the rows behind a position and fails the test unless they
// follow it without a gap and chain to it.
func galleryOf(t testing.TB, s store.Store, org idem.OrgID, model string, after idem.Seq, prev [32]byte) (all []store.StoredRow) {
	t.Helper()
	view(t, s, org, func(tx store.Tx) error {
		for {
			part, err := tx.Gallery().Rows(t.Context(), model, after+idem.Seq(len(all)), 50)
			if err != nil || len(part) == 0 {
				return err
			}
			all = append(all, part...)
		}
	})
	for i, r := range all {
		if r.Seq != after+idem.Seq(i)+1 || r.PrevHash != prev || r.Hash != chain.Row(org, model, r.LogRow) {
			t.Fatalf("row %d at %d does not chain", r.Seq, after+idem.Seq(i)+1)
		}
		prev = r.Hash
	}
	return all
}

func testGalleryLog(t *testing.T, f fixture) {
	rows := make([]idem.LogRow, 150)
	for i := range rows {
		rows[i] = reserve(fmt.Sprint("subject ", i))
	}
	more := []idem.LogRow{{Op: idem.OpActivate, Ref: 1}, {Op: idem.OpMove, Ref: 1, Set: idem.SetDeleted}, reserve("late")}
	var at time.Time
	update(t, f, f.org, func(tx store.Tx) error {
		at = tx.Now()
		if err := tx.Gallery().Append(t.Context(), model, nil); err != nil {
			return err
		}
		if err := tx.Gallery().Append(t.Context(), model, rows); err != nil {
			return err
		}
		if err := tx.Gallery().Append(t.Context(), "other", []idem.LogRow{reserve("x")}); err != nil {
			return err
		}
		return tx.Gallery().Append(t.Context(), model, more)
	})
	stored := galleryOf(t, f, f.org, model, 0, [32]byte{})
	var plain []idem.LogRow
	for _, r := range stored {
		plain = append(plain, r.LogRow)
	}
	if diff := cmp.Diff(append(slices.Clone(rows), more...), plain); diff != "" {
		t.Errorf("what Append set in place is not what is stored (-in place +stored):\n%s", diff)
	}
	if plain[152].Ref != 153 || plain[150].Ref != 1 || !plain[0].At.Equal(at) {
		t.Errorf("rows %+v", plain[150:])
	}
	view(t, f, f.org, func(tx store.Tx) error {
		seq, hash, err := tx.Gallery().Head(t.Context(), model)
		if seq != 153 || hash != plain[152].Hash {
			t.Errorf("head at %d", seq)
		}
		none, zero, err2 := tx.Gallery().Head(t.Context(), "none")
		if none != 0 || zero != [32]byte{} || err2 != nil {
			t.Errorf("head of an empty log: %d, %v", none, err2)
		}
		models, err3 := tx.Gallery().Models(t.Context())
		if !slices.Equal(models, []string{model, "other"}) || err3 != nil {
			t.Errorf("models %v, %v", models, err3)
		}
		return err
	})
}

func testGalleryTemplates(t *testing.T, f fixture) {
	templates := map[idem.Seq][]byte{}
	update(t, f, f.org, func(tx store.Tx) error {
		rows := make([]idem.LogRow, 100)
		for i := range rows {
			rows[i] = reserve("s")
		}
		if err := tx.Gallery().Append(t.Context(), model, rows); err != nil {
			return err
		}
		for _, r := range rows[:99] {
			templates[r.Seq] = fmt.Appendf(nil, "\x00sealed %d\xff", r.Seq)
		}
		return tx.Gallery().PutTemplates(t.Context(), model, templates)
	})
	update(t, f, f.org, func(tx store.Tx) error { return tx.Gallery().DeleteTemplate(t.Context(), model, 5) })
	delete(templates, 5)
	for _, r := range galleryOf(t, f, f.org, model, 0, [32]byte{}) {
		if !bytes.Equal(r.Sealed, templates[r.Seq]) || (r.Sealed == nil) != (templates[r.Seq] == nil) {
			t.Errorf("row %d has template %q, want %q", r.Seq, r.Sealed, templates[r.Seq])
		}
	}
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Gallery().Template(t.Context(), model, 6)
		if !bytes.Equal(got, templates[6]) || err != nil {
			t.Errorf("template %q, %v", got, err)
		}
		for _, seq := range []idem.Seq{5, 100, 101} {
			if got, err := tx.Gallery().Template(t.Context(), model, seq); got != nil || err != nil {
				t.Errorf("template of %d: %q, %v", seq, got, err)
			}
		}
		return nil
	})
}

// pendingEntries appends n entries whose leases end at the given distances
// from now.
func pendingEntries(t *testing.T, f fixture, ends ...time.Duration) {
	update(t, f, f.org, func(tx store.Tx) error {
		rows := make([]idem.LogRow, len(ends))
		for i := range rows {
			rows[i] = reserve("s")
		}
		if err := tx.Gallery().Append(t.Context(), model, rows); err != nil {
			return err
		}
		leases := make([]store.Lease, len(ends))
		for i := range leases {
			leases[i] = store.Lease{Seq: rows[i].Seq, Until: tx.Now().Add(ends[i]), Epoch: 1}
		}
		return tx.Gallery().PutPending(t.Context(), model, leases)
	})
}

func testGalleryPending(t *testing.T, f fixture) {
	pendingEntries(t, f, -time.Minute, time.Hour, -time.Hour, -time.Second)
	expired := func(limit int, want ...idem.Seq) {
		t.Helper()
		view(t, f, f.org, func(tx store.Tx) error {
			leases, err := tx.Gallery().ExpiredPending(t.Context(), model, limit)
			var got []idem.Seq
			for _, l := range leases {
				got = append(got, l.Seq)
			}
			if !slices.Equal(got, want) {
				t.Errorf("expired %v, want %v", got, want)
			}
			return err
		})
	}
	expired(10, 1, 3, 4)
	expired(2, 1, 3)
	update(t, f, f.org, func(tx store.Tx) error {
		epoch, ok, err := tx.Gallery().RenewPending(t.Context(), model, store.Lease{Seq: 3, Until: tx.Now().Add(time.Hour), Epoch: 1})
		if epoch != 2 || !ok {
			t.Errorf("renewed to epoch %d, %v", epoch, ok)
		}
		if _, ok, err := tx.Gallery().RenewPending(t.Context(), model, store.Lease{Seq: 3, Until: tx.Now(), Epoch: 1}); ok || err != nil {
			t.Errorf("renewed at a past epoch: %v, %v", ok, err)
		}
		return err
	})
	expired(10, 1, 4)
	take := func(seq idem.Seq, epoch int64, want bool) {
		t.Helper()
		update(t, f, f.org, func(tx store.Tx) error {
			got, err := tx.Gallery().TakePending(t.Context(), model, seq, epoch)
			if got != want {
				t.Errorf("take %d at epoch %d: %v, want %v", seq, epoch, got, want)
			}
			return err
		})
	}
	take(3, 1, false)
	take(3, 2, true)
	take(3, 2, false)
	take(4, 1, true)
	take(99, 1, false)
	expired(10, 1)
}

func testTakeRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	pendingEntries(t, f, time.Hour)
	taken := make([]bool, 20)
	errs := parallel(20, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) (err error) {
			if i%4 == 3 {
				_, taken[i], err = tx.Gallery().RenewPending(t.Context(), model, store.Lease{Seq: 1, Epoch: 1, Until: tx.Now()})
				return err
			}
			taken[i], err = tx.Gallery().TakePending(t.Context(), model, 1, 1)
			return err
		})
	})
	n := 0
	for i, err := range errs {
		if err != nil {
			t.Error(err)
		}
		if taken[i] {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d callers decided one entry at one epoch, want 1", n)
	}
}

// testGalleryOrder lets a reader follow the log while many append to it: it
// must never see a position before it has seen all lower ones.
func testGalleryOrder(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	const writers, each = 16, 12
	stop, followed := make(chan struct{}), make(chan idem.Seq)
	go func() {
		var at idem.Seq
		var hash [32]byte
		follow := func() {
			for _, r := range galleryOf(t, f, f.org, model, at, hash) {
				at, hash = r.Seq, r.Hash
			}
		}
		defer func() { followed <- at }()
		for {
			select {
			case <-stop:
				follow()
				return
			default:
				follow()
			}
		}
	}()
	errs := parallel(writers, func(i int) error {
		for range each {
			rows := []idem.LogRow{reserve("a"), reserve("b")}
			if err := stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
				return tx.Gallery().Append(t.Context(), model, rows)
			}); err != nil {
				return err
			}
		}
		return nil
	})
	close(stop)
	last := <-followed
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if last != 2*writers*each {
		t.Errorf("the reader ended at %d, want %d", last, 2*writers*each)
	}
}
