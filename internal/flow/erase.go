package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
)

// Erasure is the receipt of the erasure of a session.
type Erasure struct {
	Session  idem.SessionID
	At       time.Time
	Reason   string
	Pictures int // that the results named
	// Complete is false when key or pictures could not be destroyed at once: a
	// job does it. Nobody reads the session either way.
	Complete bool
}

// eraseArgs is what no transaction can destroy. The results, which named the
// pictures, are gone by then.
type eraseArgs struct {
	Session  idem.SessionID `json:"session"`
	Key      idem.DataKeyID `json:"key"`
	Pictures []idem.BlobRef `json:"pictures"`
}

// eraseKind is the job that completes an erasure. It comes behind the call that
// asked for it, which does the same at once.
var eraseKind = job.Kind[eraseArgs]{Name: "flow.erase", Attempts: collectKind.Attempts, Backoff: collectKind.Backoff}

// eraseAfter is how long the job leaves it to the call.
const eraseAfter = 5 * time.Second

// Eraser completes the erasures of sessions.
func (f *Flows) Eraser() job.Worker {
	return job.Work(eraseKind, func(ctx context.Context, t job.Task, a eraseArgs) error { return f.destroy(ctx, t.Org, a) })
}

// Erase destroys for good what is kept of an ended session that belongs to no
// person. What stays is the row, without personal data, and an entry of the
// instance's audit with the reason, see idem.CheckReason. A conflict, or a
// collection that failed, is discarded by it. It needs persons.erase. Errors:
// idem.ErrSessionState for a session that runs or waits for its collection,
// idem.ErrSessionLinked, and idem.ErrSessionErased for the second time.
func (f *Flows) Erase(ctx context.Context, p idem.Principal, id idem.SessionID, reason string) (Erasure, error) {
	if err := p.Require(idem.PersonsErase); err != nil {
		return Erasure{}, err
	}
	if err := idem.CheckReason(reason); err != nil {
		return Erasure{}, err
	}
	var rest eraseArgs
	out := Erasure{Session: id, Reason: reason}
	err := f.Store.Update(ctx, p.Org, func(tx store.Tx) (err error) {
		out.At = tx.Now()
		rest, err = f.erase(ctx, tx, p, id, reason)
		return err
	})
	if err != nil {
		return Erasure{}, err
	}
	out.Pictures = len(rest.Pictures)
	if err := f.destroy(context.WithoutCancel(ctx), p.Org, rest); err != nil {
		f.Log.WarnContext(ctx, "erasure is left to its job", "session", id, "error", err)
		return out, nil
	}
	out.Complete = true
	return out, nil
}

// erase is the transaction of an erasure. The collection is locked before the
// session, as where a session is collected.
func (f *Flows) erase(ctx context.Context, tx store.Tx, p idem.Principal, id idem.SessionID, reason string) (rest eraseArgs, err error) {
	s, err := tx.Sessions().Get(ctx, id)
	if err != nil {
		return rest, fmt.Errorf("read session: %w", err)
	}
	if s.Ended() { // for ever: it has a collection now or never
		if err := eraseCollection(ctx, tx, id); err != nil {
			return rest, err
		}
	}
	if s, err = tx.Sessions().GetForUpdate(ctx, id); err != nil {
		return rest, fmt.Errorf("lock session: %w", err)
	}
	rest = eraseArgs{Session: id, Key: s.DataKey, Pictures: s.Pictures()}
	if err := s.Erase(tx.Now()); err != nil {
		return rest, err
	}
	if err := ownedByNobody(ctx, tx, id); err != nil {
		return rest, err
	}
	if err := tx.Sessions().Erase(ctx, s); err != nil {
		return rest, fmt.Errorf("erase session: %w", err)
	}
	order := job.Order[eraseArgs]{Key: string(id), NotBefore: tx.Now().Add(eraseAfter), Args: rest}
	if _, err := job.Enqueue(ctx, tx, eraseKind, order); err != nil {
		return rest, err
	}
	return rest, f.record(ctx, tx, p.Actor, idem.ActionSessionErased, map[string]any{"session": id, "flow": s.Flow, "reason": reason})
}

// eraseCollection sees to it that nothing is collected any more.
func eraseCollection(ctx context.Context, tx store.Tx, id idem.SessionID) error {
	c, err := tx.Collections().GetForUpdate(ctx, id)
	if errors.Is(err, idem.ErrSessionNotFound) { // expired, or a demonstration
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock collection: %w", err)
	}
	if err := c.Erase(tx.Now()); err != nil {
		return err
	}
	if err := tx.Collections().Save(ctx, c); err != nil {
		return fmt.Errorf("save collection: %w", err)
	}
	return nil
}

// ownedByNobody refuses a session that is linked to a person who is not erased.
func ownedByNobody(ctx context.Context, tx store.Tx, id idem.SessionID) error {
	linked, err := tx.Sessions().LinkedTo(ctx, id)
	if err != nil {
		return fmt.Errorf("list persons of session: %w", err)
	}
	for _, l := range linked {
		who, err := tx.Persons().Get(ctx, l)
		if err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		if who.ErasedAt.IsZero() {
			return idem.ErrSessionLinked.With("person_id", string(l))
		}
	}
	return nil
}

// destroy does what no transaction can: it destroys the key, then the objects.
// It may be repeated.
func (f *Flows) destroy(ctx context.Context, org idem.OrgID, a eraseArgs) error {
	if err := f.Vault.DestroyKey(ctx, org, a.Key); err != nil {
		return fmt.Errorf("destroy data key: %w", err)
	}
	for _, ref := range a.Pictures {
		if err := f.Blobs.Delete(ctx, org, ref); err != nil {
			return fmt.Errorf("delete picture: %w", err)
		}
	}
	return nil
}
