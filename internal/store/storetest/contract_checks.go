package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func openCheck() idem.Check {
	begun := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	return idem.Check{ID: idem.CheckID(newID()), Technology: idem.TechEDocument, State: idem.CheckOpen, Memo: []byte("challenge"),
		CreatedAt: begun, ExpiresAt: begun.Add(time.Minute)}
}

func testChecks(t *testing.T, f fixture) {
	c := openCheck()
	update(t, f, f.org, func(tx store.Tx) error { return tx.Checks().Insert(t.Context(), c) })
	update(t, f, f.org, func(tx store.Tx) error {
		want(t, tx.Checks().Save(t.Context(), openCheck()), idem.ErrCheckNotFound)
		got := getCheck(t, tx, c.ID)
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("an open check differs (-want +got):\n%s", diff)
		}
		c.Attempts = 1
		return c.End(c.CreatedAt.Add(time.Second), []string{"spoof", "eyes_closed"})
	})
	update(t, f, f.org, func(tx store.Tx) error { return tx.Checks().Save(t.Context(), c) })
	update(t, f, f.org, func(tx store.Tx) error {
		if diff := cmp.Diff(c, getCheck(t, tx, c.ID)); diff != "" {
			t.Errorf("an ended check differs (-want +got):\n%s", diff)
		}
		return nil
	})
	elsewhere := NewOrganisation(t, f)
	update(t, f, elsewhere, func(tx store.Tx) error {
		_, err := tx.Checks().GetForUpdate(t.Context(), c.ID)
		want(t, err, idem.ErrCheckNotFound)
		want(t, tx.Checks().Save(t.Context(), c), idem.ErrCheckNotFound)
		return nil
	})
	expire(t, f, c.ExpiresAt, 0)
	expire(t, f, c.ExpiresAt.Add(time.Second), 1)
}

func getCheck(t *testing.T, tx store.Tx, id idem.CheckID) idem.Check {
	t.Helper()
	c, err := tx.Checks().GetForUpdate(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func expire(t *testing.T, s store.Store, before time.Time, forgotten int64) {
	t.Helper()
	if n, err := s.System().ExpireChecks(t.Context(), before); n != forgotten || err != nil {
		t.Errorf("%d checks expired before %v, %v; want %d", n, before, err, forgotten)
	}
}

// testCheckRace lets two processes answer one challenge: one attempt is taken.
func testCheckRace(t *testing.T, f fixture) {
	c := openCheck()
	update(t, f, f.org, func(tx store.Tx) error { return tx.Checks().Insert(t.Context(), c) })
	stores := []store.Store{f.Store, f.another(t)}
	taken := tally(t, parallel(10, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			c, err := tx.Checks().GetForUpdate(t.Context(), c.ID)
			if err != nil {
				return err
			}
			if err := c.Take(c.CreatedAt, 1); err != nil {
				return err
			}
			return tx.Checks().Save(t.Context(), c)
		})
	}), idem.ErrCheckEnded)
	if taken != 1 {
		t.Errorf("%d of 10 answers were taken, want 1", taken)
	}
}
