package storetest

import (
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func testCodes(t *testing.T, f fixture) {
	phone := store.Receiver{Kind: store.ReceiverPhone, Value: "+77010000001"}
	var times []time.Time
	for range 3 {
		update(t, f, f.org, func(tx store.Tx) error {
			times = append(times, tx.Now())
			return tx.Codes().Insert(t.Context(), phone)
		})
	}
	nth := func(org idem.OrgID, to store.Receiver, n int, want time.Time) {
		t.Helper()
		view(t, f, org, func(tx store.Tx) error {
			got, err := tx.Codes().Nth(t.Context(), to, n)
			if !got.Equal(want) {
				t.Errorf("%v, the %d-th newest: %v, want %v", to, n, got, want)
			}
			return err
		})
	}
	for n := range 3 {
		nth(f.org, phone, n+1, times[2-n])
	}
	nth(f.org, phone, 4, time.Time{})
	nth(f.org, store.Receiver{Kind: store.ReceiverPersonal, Value: phone.Value}, 1, time.Time{})
	nth(NewOrganisation(t, f), phone, 1, time.Time{})
	for _, at := range []time.Time{times[1], times[1], times[0].Add(time.Hour)} {
		update(t, f, f.org, func(tx store.Tx) error { return tx.Codes().Remove(t.Context(), phone, at) })
	}
	nth(f.org, phone, 2, times[0])
	nth(f.org, phone, 3, time.Time{})
	want(t, f.View(t.Context(), f.org, func(tx store.Tx) error {
		return store.CountCode(t.Context(), tx, store.Code{Phone: "+1", PersonalNumber: "1"})
	}), store.ErrReadOnly)
	want(t, f.Update(t.Context(), "elsewhere", func(tx store.Tx) error {
		return store.CountCode(t.Context(), tx, store.Code{Phone: "+1", PersonalNumber: "1"})
	}),
		store.ErrOrganisationNotFound)
	if n, err := f.System().ExpireCodes(t.Context(), times[2]); n != 1 || err != nil {
		t.Errorf("%d codes were forgotten, %v; want 1", n, err)
	}
	update(t, f, f.org, func(tx store.Tx) error { return tx.Codes().Insert(t.Context(), phone) })
	nth(f.org, phone, 2, times[2])
}

// testCodeRace starts more codes at once than the receiver may get, from two
// processes: exactly so many pass.
func testCodeRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	sent := tally(t, parallel(20, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			return store.CountCode(t.Context(), tx, store.Code{Phone: "+77010000001", PersonalNumber: "900102400123"})
		})
	}), idem.ErrCodeLimit)
	if most := idem.ReceiverLimits()[0].Most; sent != most {
		t.Errorf("%d of 20 codes were sent, want %d", sent, most)
	}
}
