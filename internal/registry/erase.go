package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Erase destroys a person's data for good: the data key first of all copies,
// then pictures, aliases and gallery entries. What stays is the identifier and
// the masked audit. A live person is deleted by it. The reason is kept in the
// audit for ever, see idem.CheckReason.
//
// A crash in between leaves a person that is marked erased; Erase or
// ResumeErasures completes it. Once complete, a second time is
// idem.ErrPersonErased.
func (r *Registry) Erase(ctx context.Context, p idem.Principal, id idem.PersonID, reason string) (Erasure, error) {
	if err := p.Require(idem.PersonsErase); err != nil {
		return Erasure{}, err
	}
	if err := idem.CheckReason(reason); err != nil {
		return Erasure{}, err
	}
	var out Erasure
	err := r.store.Update(ctx, p.Org, func(tx store.Tx) (err error) {
		out, err = r.markErased(ctx, tx, p, id, reason)
		return err
	})
	if err != nil {
		return Erasure{}, err
	}
	if err := r.finishErasure(ctx, p.Org, id); err != nil {
		return Erasure{}, err
	}
	return r.prove(ctx, p.Org, out)
}

// markErased is the transaction of an erasure. The photo rows and the name of
// the data key stay until objects and key are destroyed: they are the list of
// what is left to do.
func (r *Registry) markErased(ctx context.Context, tx store.Tx, p idem.Principal, id idem.PersonID, reason string) (Erasure, error) {
	who, err := tx.Persons().GetForUpdate(ctx, id)
	if err != nil {
		return Erasure{}, fmt.Errorf("lock person: %w", err)
	}
	v, err := viewOf(ctx, tx, who)
	if err != nil {
		return Erasure{}, err
	}
	if unfinished(who) {
		return Erasure{Person: id, At: who.ErasedAt, Reason: reason, Photos: len(v.Photos)}, nil
	}
	if err := who.Erase(tx.Now()); err != nil {
		return Erasure{}, err
	}
	out := Erasure{Person: id, At: tx.Now(), Reason: reason, Photos: len(v.Photos), Aliases: len(v.Aliases) - 1}
	if err := forgetAliases(ctx, tx, id); err != nil {
		return Erasure{}, err
	}
	if out.Entries, err = r.removeEntries(ctx, tx, v.Photos); err != nil {
		return Erasure{}, err
	}
	return out, r.saveAndAppend(ctx, tx, p, who, personErased(out))
}

// unfinished reports whether an erasure began but was not completed.
func unfinished(who idem.Person) bool { return !who.ErasedAt.IsZero() && who.DataKey != "" }

func forgetAliases(ctx context.Context, tx store.Tx, id idem.PersonID) error {
	if err := tx.Aliases().SetLive(ctx, id, false); err != nil {
		return fmt.Errorf("free aliases: %w", err)
	}
	if err := tx.Aliases().DeleteAll(ctx, id); err != nil {
		return fmt.Errorf("delete aliases: %w", err)
	}
	return nil
}

func (r *Registry) removeEntries(ctx context.Context, tx store.Tx, photos []idem.Photo) (n int, err error) {
	for _, f := range photos {
		if f.EntrySeq == 0 {
			continue
		}
		if err := r.gallery.Remove(ctx, tx, idem.Seq(f.EntrySeq)); err != nil {
			return n, fmt.Errorf("remove gallery entry: %w", err)
		}
		n++
	}
	return n, nil
}

// finishErasure does what no transaction can: it destroys the key, then the
// objects, and last the rows that name them. It may be repeated.
func (r *Registry) finishErasure(ctx context.Context, org idem.OrgID, id idem.PersonID) error {
	v, err := r.read(ctx, org, id)
	if err != nil {
		return err
	}
	if err := r.eraseSessions(ctx, org, id); err != nil {
		return err
	}
	if err := r.vault.DestroyKey(ctx, org, v.Person.DataKey); err != nil {
		return fmt.Errorf("destroy data key: %w", err)
	}
	for _, f := range v.Photos {
		if err := r.blobs.Delete(ctx, org, f.Blob); err != nil {
			return fmt.Errorf("delete picture: %w", err)
		}
	}
	return r.store.Update(ctx, org, func(tx store.Tx) error { return forgetRest(ctx, tx, id) })
}

// eraseSessions destroys the keys of the flow sessions that are linked to the
// person, and the pictures that their results name.
func (r *Registry) eraseSessions(ctx context.Context, org idem.OrgID, id idem.PersonID) error {
	var linked []idem.Session
	err := r.store.View(ctx, org, func(tx store.Tx) error {
		links, err := tx.Sessions().Links(ctx, id)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		linked = make([]idem.Session, len(links))
		for i, l := range links {
			if linked[i], err = tx.Sessions().Get(ctx, l.Session); err != nil {
				return fmt.Errorf("read session: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range linked {
		if err := r.vault.DestroyKey(ctx, org, s.DataKey); err != nil {
			return fmt.Errorf("destroy data key of session: %w", err)
		}
		for _, ref := range s.Pictures() {
			r.dropBlob(ctx, org, ref)
		}
		if err := r.eraseSession(ctx, org, s); err != nil {
			return err
		}
	}
	return nil
}

// eraseSession marks a session whose key is destroyed; one that runs ends by
// itself, without data.
func (r *Registry) eraseSession(ctx context.Context, org idem.OrgID, s idem.Session) error {
	return r.store.Update(ctx, org, func(tx store.Tx) error {
		erased := s
		if erased.Erase(tx.Now()) != nil {
			return nil
		}
		if err := tx.Sessions().Erase(ctx, erased); err != nil {
			return fmt.Errorf("erase session: %w", err)
		}
		return nil
	})
}

func (r *Registry) read(ctx context.Context, org idem.OrgID, id idem.PersonID) (v View, err error) {
	err = r.store.View(ctx, org, func(tx store.Tx) error {
		who, err := tx.Persons().Get(ctx, id)
		if err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		v, err = viewOf(ctx, tx, who)
		return err
	})
	return v, err
}

// forgetRest deletes the list of what was left to do.
func forgetRest(ctx context.Context, tx store.Tx, id idem.PersonID) error {
	who, err := tx.Persons().GetForUpdate(ctx, id)
	if err != nil {
		return fmt.Errorf("lock person: %w", err)
	}
	photos, err := tx.Photos().List(ctx, id)
	if err != nil {
		return fmt.Errorf("list photos: %w", err)
	}
	for _, f := range photos {
		if err := tx.Photos().Delete(ctx, id, f.ID); err != nil {
			return fmt.Errorf("delete photo: %w", err)
		}
	}
	who.DataKey = ""
	if err := tx.Persons().Save(ctx, who); err != nil {
		return fmt.Errorf("save person: %w", err)
	}
	return nil
}

// prove adds the audit entry to the receipt.
func (r *Registry) prove(ctx context.Context, org idem.OrgID, e Erasure) (Erasure, error) {
	err := r.store.View(ctx, org, func(tx store.Tx) error {
		found, _, err := tx.Actions().List(ctx, store.ActionQuery{Person: e.Person, Type: idem.ActionPersonErased}, store.Page{Limit: 1})
		if err != nil {
			return fmt.Errorf("read audit entry: %w", err)
		}
		if len(found) == 1 {
			e.Seq, e.Hash = found[0].Seq, found[0].Hash
		}
		return nil
	})
	return e, err
}

// resumePage is how many deleted persons are looked at in one transaction.
const resumePage = 500

// ResumeErasures completes the erasures of an organisation that a crash
// interrupted, and returns how many it completed. One that cannot be completed
// does not keep the others from it. It is called at start.
func (r *Registry) ResumeErasures(ctx context.Context, org idem.OrgID) (n int, failed error) {
	for page := (store.Page{Limit: resumePage}); ; {
		left, next, err := r.interrupted(ctx, org, page)
		if err != nil {
			return n, errors.Join(failed, err)
		}
		for _, id := range left {
			if err := r.finishErasure(ctx, org, id); err != nil {
				failed = errors.Join(failed, fmt.Errorf("complete erasure of %s: %w", id, err))
				continue
			}
			n++
		}
		if next == "" {
			return n, failed
		}
		page.After = next
	}
}

func (r *Registry) interrupted(ctx context.Context, org idem.OrgID, page store.Page) (left []idem.PersonID, next string, err error) {
	err = r.store.View(ctx, org, func(tx store.Tx) error {
		persons, cursor, err := tx.Persons().List(ctx, store.PersonQuery{State: store.StateDeleted}, page)
		if err != nil {
			return fmt.Errorf("list deleted persons: %w", err)
		}
		left, next = nil, cursor
		for _, who := range persons {
			if unfinished(who) {
				left = append(left, who.ID)
			}
		}
		return nil
	})
	return left, next, err
}
