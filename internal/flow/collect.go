package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/recent"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// collectArgs names the session of a collection.
type collectArgs struct {
	Session idem.SessionID `json:"session"`
}

// collectKind is the job that collects an ended session into a person. Its
// attempts outlast a disk that is full for a night.
var collectKind = job.Kind[collectArgs]{Name: "flow.collect", Attempts: 8,
	Backoff: job.Schedule(time.Second, 5*time.Second, 30*time.Second, 2*time.Minute, 10*time.Minute, time.Hour, 8*time.Hour)}

// Worker does the collections.
func (f *Flows) Worker() job.Worker {
	return job.Work(collectKind, func(ctx context.Context, t job.Task, a collectArgs) error {
		_, err := f.Collect(ctx, t.Org, a.Session)
		if err != nil && t.Attempt >= collectKind.Attempts {
			f.giveUp(ctx, t.Org, a.Session)
		}
		return err
	})
}

// ended tells of the end of a session and queues its collection.
func (f *Flows) ended(ctx context.Context, tx store.Tx, s *idem.Session) error {
	if err := f.emit(ctx, tx, s, Event{Name: idem.EventFlowEnd}); err != nil {
		return err
	}
	row, ok := s.Collection(tx.Now())
	if !ok {
		return nil
	}
	if err := tx.Collections().Insert(ctx, row); err != nil {
		return fmt.Errorf("queue collection: %w", err)
	}
	if row.State != idem.CollectionQueued {
		return nil
	}
	_, err := job.Enqueue(ctx, tx, collectKind, job.Order[collectArgs]{Key: string(s.ID), Args: collectArgs{s.ID}})
	return err
}

// worker is who collects a session.
func worker(org idem.OrgID, id idem.SessionID) idem.Principal {
	return idem.Principal{Org: org, Actor: idem.Actor{Source: idem.SourceFlow, Session: id},
		Permissions: []idem.Permission{idem.PersonsRead, idem.PersonsWrite, idem.PicturesRead}}
}

// Collect finds out whose an ended session is and creates or updates the
// person. It may be repeated: what is closed stays as it is.
func (f *Flows) Collect(ctx context.Context, org idem.OrgID, id idem.SessionID) (idem.Collection, error) {
	return f.collect(ctx, worker(org, id), id, nil)
}

func (f *Flows) collect(ctx context.Context, p idem.Principal, id idem.SessionID, decided *registry.Decision) (idem.Collection, error) {
	s, row, settings, err := f.gathering(ctx, p.Org, id)
	if err != nil || row.Closed(decided != nil) {
		return row, err
	}
	metadata, err := members(s.Metadata)
	if err != nil {
		return row, err
	}
	h, reason := s.Harvest(settings, metadata)
	tell := f.tell(&s)
	if reason == idem.CollectionNumbersDiffer && decided != nil {
		reason = "" // which is what was decided
	}
	if reason != "" {
		return f.Registry.CloseCollection(ctx, p, id, reason, tell)
	}
	g, err := f.gathered(ctx, p.Org, &s, h, decided)
	if err != nil {
		return row, err
	}
	g.Tell = tell
	row, err = f.Registry.Collect(recent.Within(ctx, string(id)), p, g)
	switch {
	case decided != nil: // whoever decided is told, and the conflict stays
		return row, err
	case errors.Is(err, idem.ErrSubscriptionRequired):
		return f.Registry.CloseCollection(ctx, p, id, idem.CollectionNoSubscription, tell)
	case errors.Is(err, idem.ErrSubscriptionLimit):
		return f.Registry.CloseCollection(ctx, p, id, idem.CollectionLimitReached, tell)
	}
	return row, err
}

// gathered is the harvest of a session with what its flow says of persons.
func (f *Flows) gathered(ctx context.Context, org idem.OrgID, s *idem.Session, h idem.Harvest, decided *registry.Decision) (g registry.Gathered, err error) {
	verifies := h.Verifies()
	if decided != nil {
		verifies = h.VerifiesAs(decided.Person)
	}
	g = registry.Gathered{Session: s.ID, Aliases: h.Aliases, Verified: s.Config.ForceVerification || verifies, Verifies: verifies,
		Faced: h.Faced, Policy: s.Config.Conflict, Deleted: s.Config.Deleted, Decided: decided}
	if s.Config.SkipKnown {
		g.Lookup = s.Person
	}
	g.Photos, err = f.photos(ctx, org, s, h)
	return g, err
}

// tell tells the receivers of a session's events what its collection did.
func (f *Flows) tell(s *idem.Session) registry.Tell {
	names := map[idem.LinkRole]idem.EventName{idem.LinkCreated: idem.EventPersonCreated, idem.LinkUpdated: idem.EventPersonUpdated, "": idem.EventPersonConflict}
	return func(ctx context.Context, tx store.Tx, c idem.Collection, role idem.LinkRole) error {
		if name, new := names[role]; new {
			return f.emit(ctx, tx, s, Event{Name: name, Collection: &c})
		}
		return nil
	}
}

// gathering reads what a collection is decided by.
func (f *Flows) gathering(ctx context.Context, org idem.OrgID, id idem.SessionID) (s idem.Session, row idem.Collection, settings idem.Settings, err error) {
	err = f.Store.View(ctx, org, func(tx store.Tx) error {
		if s, err = tx.Sessions().Get(ctx, id); err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		if row, err = tx.Collections().Get(ctx, id); err != nil {
			return fmt.Errorf("read collection: %w", err)
		}
		o, err := tx.Organisations().Get(ctx)
		settings = o.Settings
		return err
	})
	return s, row, settings, err
}

// photos reads the pictures of a harvest.
func (f *Flows) photos(ctx context.Context, org idem.OrgID, s *idem.Session, h idem.Harvest) (out []registry.Upload, err error) {
	for _, p := range h.Photos {
		data, err := f.Picture(ctx, org, s, p.Blob)
		if err != nil {
			return nil, err
		}
		out = append(out, registry.Upload{Image: data, Type: p.Type})
	}
	return out, nil
}

// giveUp closes a collection whose attempts are used up.
func (f *Flows) giveUp(ctx context.Context, org idem.OrgID, id idem.SessionID) {
	err := f.Store.Update(ctx, org, func(tx store.Tx) error {
		c, err := tx.Collections().GetForUpdate(ctx, id)
		if err != nil || c.Closed(false) {
			return err
		}
		if err := c.End(idem.CollectionFailed, "", "", tx.Now()); err != nil {
			return err
		}
		return tx.Collections().Save(ctx, c)
	})
	if err != nil {
		f.Log.WarnContext(ctx, "collection not closed", "session", id, "error", err)
	}
}

// Collections lists what became of ended sessions, newest first; of a state,
// or all for "". It needs sessions.read.
func (f *Flows) Collections(ctx context.Context, p idem.Principal, state idem.CollectionState, page store.Page) (list []idem.Collection, next string, err error) {
	if err := p.Require(idem.SessionsRead); err != nil {
		return nil, "", err
	}
	err = f.Store.View(ctx, p.Org, func(tx store.Tx) error {
		list, next, err = tx.Collections().List(ctx, state, page)
		return err
	})
	return list, next, err
}

// Resolve answers a conflict: the session belongs to the person, or to a new
// one for "". It needs reviews.work.
func (f *Flows) Resolve(ctx context.Context, p idem.Principal, id idem.SessionID, person idem.PersonID) (idem.Collection, error) {
	if err := p.Require(idem.ReviewsWork); err != nil {
		return idem.Collection{}, err
	}
	if err := f.inConflict(ctx, p.Org, id); err != nil {
		return idem.Collection{}, err
	}
	return f.collect(ctx, p, id, &registry.Decision{Person: person})
}

// Discard answers a conflict by collecting nothing. It needs reviews.work.
func (f *Flows) Discard(ctx context.Context, p idem.Principal, id idem.SessionID) (idem.Collection, error) {
	if err := p.Require(idem.ReviewsWork); err != nil {
		return idem.Collection{}, err
	}
	if err := f.inConflict(ctx, p.Org, id); err != nil {
		return idem.Collection{}, err
	}
	return f.Registry.CloseCollection(ctx, p, id, idem.CollectionDiscarded, nil)
}

func (f *Flows) inConflict(ctx context.Context, org idem.OrgID, id idem.SessionID) error {
	return f.Store.View(ctx, org, func(tx store.Tx) error {
		c, err := tx.Collections().Get(ctx, id)
		if err == nil && c.State != idem.CollectionConflict {
			err = idem.ErrSessionState.With("collection", string(c.State))
		}
		return err
	})
}
