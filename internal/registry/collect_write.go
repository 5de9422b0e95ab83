package registry

import (
	"context"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// write is the transaction of a collection. What it was prepared for must
// still hold.
func (r *Registry) write(ctx context.Context, tx store.Tx, p idem.Principal, g Gathered, plan intent, taken *gathering, gate gate) (idem.Collection, error) {
	if _, err := tx.Collections().GetForUpdate(ctx, g.Session); err != nil {
		return plan.row, fmt.Errorf("lock collection: %w", err)
	}
	var known idem.Person
	var err error
	if plan.person != "" {
		if known, err = tx.Persons().GetForUpdate(ctx, plan.person); err != nil {
			return plan.row, fmt.Errorf("lock person: %w", err)
		}
	}
	now, err := r.intend(ctx, tx, g)
	switch {
	case err != nil:
		return now.row, err
	case now.row.Closed(g.Decided != nil):
		return now.row, idem.ErrSessionState
	case now.reason != "" || now.person != plan.person || now.restores != plan.restores || !slices.Equal(now.types, plan.types):
		return now.row, errMoved
	}
	role := idem.LinkCreated
	if plan.person == "" {
		err = r.writeNew(ctx, tx, p, g, now, taken, gate)
	} else {
		role, err = r.writeKnown(ctx, tx, p, g, now, known, taken, gate)
	}
	if err != nil {
		return now.row, err
	}
	link := idem.SessionLink{Person: taken.person, Session: g.Session, Role: role, At: tx.Now()}
	if err := tx.Sessions().Link(ctx, link); err != nil {
		return now.row, fmt.Errorf("link session: %w", err)
	}
	if err := end(ctx, tx, &now.row, idem.CollectionDone, "", taken.person); err != nil || g.Tell == nil {
		return now.row, err
	}
	return now.row, g.Tell(ctx, tx, now.row, role)
}

func (r *Registry) writeNew(ctx context.Context, tx store.Tx, p idem.Principal, g Gathered, now intent, taken *gathering, gate gate) error {
	if err := store.Spend(ctx, tx, idem.TechPersons); err != nil {
		return err
	}
	v := View{Person: idem.Person{ID: taken.person, Verified: g.Verified, CreatedAt: tx.Now(), CreatedSource: p.Actor.Source,
		UpdatedAt: tx.Now(), Version: 1, DataKey: taken.key}}
	if err := tx.Persons().Insert(ctx, v.Person); err != nil {
		return fmt.Errorf("insert person: %w", err)
	}
	if err := r.insertAliases(ctx, tx, &v, now.aliases); err != nil {
		return err
	}
	actions := []idem.Action{personCreated(v)}
	for _, a := range v.Aliases[1:] {
		actions = append(actions, aliasAdded(a))
	}
	added, err := r.writePhotos(ctx, tx, p, nil, taken, gate)
	if err != nil {
		return err
	}
	return appendActions(ctx, tx, p, taken.person, append(actions, added...)...)
}

// writeKnown adds what a person lacks and says whether that was anything.
func (r *Registry) writeKnown(ctx context.Context, tx store.Tx, p idem.Principal, g Gathered, now intent, who idem.Person, taken *gathering, gate gate) (idem.LinkRole, error) {
	var actions []idem.Action
	if now.restores {
		if err := comeBack(ctx, tx, &who); err != nil {
			return "", err
		}
		actions = append(actions, personRestored(gate.similar))
	}
	if g.Verifies && !who.Verified {
		actions = append(actions, verificationChanged(false, true))
		who.Verified = true
	}
	for i := range now.aliases {
		a := &now.aliases[i]
		a.ID, a.Person, a.Source, a.CreatedAt = idem.AliasID(r.ids.New()), who.ID, p.Actor.Source, tx.Now()
		actions = append(actions, aliasAdded(*a))
	}
	if err := r.addAliases(ctx, tx, who.DataKey, now.aliases); err != nil {
		return "", err
	}
	back, gate := gate.parts(len(taken.back))
	if now.restores {
		if err := r.replaceEntries(ctx, tx, who.ID, taken.back, back); err != nil {
			return "", err
		}
	}
	present, err := tx.Photos().List(ctx, who.ID)
	if err != nil {
		return "", fmt.Errorf("list photos: %w", err)
	}
	added, err := r.writePhotos(ctx, tx, p, present, taken, gate)
	if err != nil {
		return "", err
	}
	if actions = append(actions, added...); len(actions) == 0 {
		return idem.LinkMatched, nil
	}
	return idem.LinkUpdated, r.record(ctx, tx, p, &who, actions...)
}

// writePhotos admits the references, writes the rows and decides the default
// anew over all of them.
func (r *Registry) writePhotos(ctx context.Context, tx store.Tx, p idem.Principal, present []idem.Photo, taken *gathering, gate gate) ([]idem.Action, error) {
	if len(taken.portraits) == 0 {
		return nil, nil
	}
	seqs, err := gate.admit(tx)
	if err != nil {
		return nil, err
	}
	rows := make([]idem.Photo, len(taken.portraits))
	for i, f := range taken.portraits {
		rows[i] = f.photo(taken.made[i].photo, taken.person, taken.made[i].blob, p.Actor.Source, tx.Now())
		if f.usable {
			rows[i].EntrySeq, seqs = int64(seqs[0]), seqs[1:]
		}
	}
	old, chosen := currentDefault(present), idem.DefaultAfterAdding(present, rows)
	var actions []idem.Action
	for i, row := range rows {
		row.Default = old == "" && row.ID == chosen
		if err := tx.Photos().Insert(ctx, row); err != nil {
			return nil, fmt.Errorf("insert photo: %w", err)
		}
		row.Default = row.ID == chosen
		actions = append(actions, photoAdded(row, taken.portraits[i].faces, gate.similar))
	}
	if old == "" || chosen == old {
		return actions, nil
	}
	if err := tx.Photos().SetDefault(ctx, taken.person, chosen); err != nil {
		return nil, fmt.Errorf("move default: %w", err)
	}
	return append(actions, defaultChanged(old, chosen)), nil
}

// CloseCollection closes a collection that writes nothing: as a conflict when
// the documents contradict each other, else as skipped. One that is closed
// already stays as it is; discarding a conflict is an operator's decision. tell
// may be nil.
func (r *Registry) CloseCollection(ctx context.Context, p idem.Principal, session idem.SessionID, reason idem.CollectionReason, tell Tell) (out idem.Collection, err error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return out, err
	}
	err = r.store.Update(ctx, p.Org, func(tx store.Tx) (err error) {
		if out, err = tx.Collections().GetForUpdate(ctx, session); err != nil {
			return fmt.Errorf("read collection: %w", err)
		}
		if out.Closed(reason == idem.CollectionDiscarded) {
			return nil
		}
		if reason == idem.CollectionNumbersDiffer {
			return endConflict(ctx, tx, &out, reason, tell)
		}
		return end(ctx, tx, &out, idem.CollectionSkipped, reason, "")
	})
	return out, err
}
