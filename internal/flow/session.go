package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// find returns the organisation of a session.
func (f *Flows) find(ctx context.Context, id idem.SessionID) (idem.OrgID, error) {
	org, err := f.Store.System().FindSession(ctx, id)
	if err != nil {
		return "", fmt.Errorf("find session: %w", err)
	}
	return org, nil
}

// State returns how far a session is, for whoever knows its identifier. What
// the steps found is in it and must not be shown.
func (f *Flows) State(ctx context.Context, id idem.SessionID) (s idem.Session, err error) {
	org, err := f.find(ctx, id)
	if err != nil {
		return s, err
	}
	err = f.Store.View(ctx, org, func(tx store.Tx) error {
		s, err = tx.Sessions().Get(ctx, id)
		return err
	})
	return s, err
}

// change runs g with a session locked, stores it, and does what an ended one
// needs.
func (f *Flows) change(ctx context.Context, org idem.OrgID, id idem.SessionID, g func(store.Tx, *idem.Session) error) (s idem.Session, err error) {
	committing := false
	err = f.Store.Update(ctx, org, func(tx store.Tx) error {
		committing = false
		if s, err = tx.Sessions().GetForUpdate(ctx, id); err != nil {
			return fmt.Errorf("lock session: %w", err)
		}
		if err := f.alter(ctx, tx, &s, g); err != nil {
			return err
		}
		committing = true
		return nil
	})
	if err != nil && committing && !errors.Is(err, idem.ErrStorageFull) {
		err = unsure{err}
	}
	return s, err
}

func (f *Flows) alter(ctx context.Context, tx store.Tx, s *idem.Session, g func(store.Tx, *idem.Session) error) error {
	running := !s.Ended()
	if err := g(tx, s); err != nil {
		return err
	}
	if err := tx.Sessions().Save(ctx, *s); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	if running && s.Ended() {
		return f.ended(ctx, tx, s)
	}
	return nil
}

// unsure marks the failure of a commit whose outcome is not known.
type unsure struct{ error }

func (u unsure) Unwrap() error { return u.error }

// Start leaves NEW. Steps of a person whom the metadata names take the results
// of earlier sessions, if the flow says so.
func (f *Flows) Start(ctx context.Context, id idem.SessionID) (idem.Session, error) {
	org, err := f.find(ctx, id)
	if err != nil {
		return idem.Session{}, err
	}
	copies, err := f.reuse(ctx, org, id)
	if err != nil {
		return idem.Session{}, err
	}
	s, err := f.change(ctx, org, id, func(tx store.Tx, s *idem.Session) error {
		if err := s.Start(tx.Now()); err != nil {
			return err
		}
		s.Visited(visitorOf(ctx), tx.Now())
		if err := f.emit(ctx, tx, s, Event{Name: idem.EventFlowStart}); err != nil {
			return err
		}
		return f.skip(ctx, tx, s, copies)
	})
	if err != nil || s.Person == "" {
		f.discard(ctx, org, copies.pictures(), err)
	}
	return s, err
}

// Abort ends a session at the user's wish.
func (f *Flows) Abort(ctx context.Context, id idem.SessionID) (idem.Session, error) {
	org, err := f.find(ctx, id)
	if err != nil {
		return idem.Session{}, err
	}
	return f.change(ctx, org, id, func(tx store.Tx, s *idem.Session) error { return s.Abort(tx.Now()) })
}

// expireAtOnce is how many sessions one sweep ends.
const expireAtOnce = 500

// Expire ends the sessions whose time is over and returns how many. One that
// cannot be ended does not keep the others open.
func (f *Flows) Expire(ctx context.Context, now time.Time) (n int, err error) {
	overdue, err := f.Store.System().OverdueSessions(ctx, now, expireAtOnce)
	if err != nil {
		return 0, fmt.Errorf("find overdue sessions: %w", err)
	}
	var failed error
	for _, o := range overdue {
		_, err := f.change(ctx, o.Org, o.Session, func(tx store.Tx, s *idem.Session) error { return s.Expire(tx.Now()) })
		switch {
		case err == nil:
			n++
		case errors.Is(err, idem.ErrDatabaseUnavailable), ctx.Err() != nil:
			return n, fmt.Errorf("expire session: %w", err)
		case !errors.Is(err, idem.ErrSessionState):
			failed = errors.Join(failed, fmt.Errorf("expire session: %w", err))
		}
	}
	return n, failed
}
