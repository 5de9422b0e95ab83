package storetest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func countPersons(t *testing.T, s store.Store, org idem.OrgID) (n int64) {
	t.Helper()
	view(t, s, org, func(tx store.Tx) (err error) {
		n, err = tx.Persons().Count(t.Context(), store.PersonQuery{State: store.StateAll})
		return err
	})
	return n
}

func testRollback(t *testing.T, f fixture) {
	mine := errors.New("changed my mind")
	err := f.Update(t.Context(), f.org, func(tx store.Tx) error {
		if err := tx.Persons().Insert(t.Context(), person()); err != nil {
			return err
		}
		return mine
	})
	want(t, err, mine)
	if n := countPersons(t, f, f.org); n != 0 {
		t.Errorf("%d persons after a failed update", n)
	}
}

func testPanic(t *testing.T, f fixture) {
	func() {
		defer func() {
			if got := recover(); got != "at the disco" {
				t.Errorf("recovered %v", got)
			}
		}()
		f.Update(t.Context(), f.org, func(tx store.Tx) error {
			if err := tx.Persons().Insert(t.Context(), person()); err != nil {
				return err
			}
			panic("at the disco")
		})
	}()
	NewPerson(t, f, f.org)
	if n := countPersons(t, f, f.org); n != 1 {
		t.Errorf("%d persons, want the one behind the panic", n)
	}
}

func testGoexit(t *testing.T, f fixture) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Update(t.Context(), f.org, func(tx store.Tx) error {
			tx.Persons().Insert(t.Context(), person())
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	NewPerson(t, f, f.org)
	if n := countPersons(t, f, f.org); n != 1 {
		t.Errorf("%d persons, want the one behind the exit", n)
	}
}

func testCancelled(t *testing.T, f fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := f.Update(ctx, f.org, func(store.Tx) error {
		t.Error("ran")
		return nil
	})
	want(t, err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	err = f.Update(ctx, f.org, func(tx store.Tx) error {
		if err := tx.Persons().Insert(ctx, person()); err != nil {
			return err
		}
		cancel()
		return tx.Persons().Insert(ctx, person())
	})
	want(t, err, context.Canceled)
	if n := countPersons(t, f, f.org); n != 0 {
		t.Errorf("%d persons after a cancelled update", n)
	}
}

func testSnapshot(t *testing.T, f fixture) {
	NewPerson(t, f, f.org)
	view(t, f, f.org, func(tx store.Tx) error {
		for range 3 {
			n, err := tx.Persons().Count(t.Context(), store.PersonQuery{})
			if err != nil {
				return err
			}
			if n != 1 {
				t.Errorf("the view sees %d persons", n)
			}
			NewPerson(t, f, f.org)
		}
		return nil
	})
	if n := countPersons(t, f, f.org); n != 4 {
		t.Errorf("%d persons, want 4", n)
	}
}

func testReadOnly(t *testing.T, f fixture) {
	p := NewPerson(t, f, f.org)
	for name, change := range map[string]func(store.Tx) error{
		"insert": func(tx store.Tx) error { return tx.Persons().Insert(t.Context(), person()) },
		"update": func(tx store.Tx) error { return tx.Persons().Save(t.Context(), p) },
		"delete": func(tx store.Tx) error { return tx.Aliases().DeleteAll(t.Context(), p.ID) },
		"append": func(tx store.Tx) error { return tx.Actions().Append(t.Context(), idem.Action{}) },
		"lock": func(tx store.Tx) error {
			_, err := tx.Persons().GetForUpdate(t.Context(), p.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { want(t, f.View(t.Context(), f.org, change), store.ErrReadOnly) })
	}
}

func testNow(t *testing.T, f fixture) {
	check := func(tx store.Tx) error {
		now := tx.Now()
		if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
			t.Errorf("now is %v, want UTC in microseconds", now)
		}
		for time.Since(now) < 2*time.Millisecond {
			runtime.Gosched()
		}
		if !tx.Now().Equal(now) {
			t.Error("the time went on within the transaction")
		}
		if tx.Org() != f.org {
			t.Errorf("organisation %s, want %s", tx.Org(), f.org)
		}
		return nil
	}
	update(t, f, f.org, check)
	view(t, f, f.org, check)
}

func testEnded(t *testing.T, f fixture) {
	var kept store.Tx
	keep := func(tx store.Tx) error {
		kept = tx
		return nil
	}
	update(t, f, f.org, keep)
	if err := kept.Persons().Insert(t.Context(), person()); err == nil {
		t.Error("a transaction works behind its end")
	}
	view(t, f, f.org, keep)
	if _, err := kept.Persons().Count(t.Context(), store.PersonQuery{}); err == nil {
		t.Error("a view works behind its end")
	}
}

func testUsableAfterConflict(t *testing.T, f fixture) {
	a, b := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	addAlias(t, f, f.org, a, "taken")
	update(t, f, f.org, func(tx store.Tx) error {
		want(t, tx.Aliases().Insert(t.Context(), b.DataKey, custom(b, "taken")), idem.ErrAliasConflict)
		return tx.Aliases().Insert(t.Context(), b.DataKey, custom(b, "free"))
	})
	if got := ownerOf(t, f, f.org, "free"); got != b.ID {
		t.Errorf("owner of the second alias: %q", got)
	}
}

func testClosed(t *testing.T, f fixture) {
	if err := f.Ping(t.Context()); err != nil {
		t.Errorf("ping of an open store: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := func(store.Tx) error { return nil }
	want(t, f.Ping(t.Context()), idem.ErrDatabaseUnavailable)
	want(t, f.Update(t.Context(), f.org, nothing), idem.ErrDatabaseUnavailable)
	want(t, f.View(t.Context(), f.org, nothing), idem.ErrDatabaseUnavailable)
}
