package registry

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// The actions below are the only place that says what an audit entry holds:
// identifiers, flags, codes and masked values.

func personCreated(v View) idem.Action {
	return idem.Action{Type: idem.ActionPersonCreated, Details: map[string]any{
		"system_id": string(v.Person.ID), "is_verified": v.Person.Verified,
	}}
}

func verificationChanged(old, now bool) idem.Action {
	return idem.Action{Type: idem.ActionVerificationChanged, Details: map[string]any{"old": old, "new": now}}
}

func aliasAdded(a idem.Alias) idem.Action {
	return idem.Action{Type: idem.ActionAliasAdded, Details: aliasDetails(a)}
}

func aliasRemoved(a idem.Alias) idem.Action {
	return idem.Action{Type: idem.ActionAliasRemoved, Details: aliasDetails(a)}
}

func aliasUpdated(old, now idem.Alias) idem.Action {
	details := aliasDetails(now)
	details["old_value_masked"] = idem.Mask(old.Norm)
	return idem.Action{Type: idem.ActionAliasUpdated, Details: details}
}

func aliasDetails(a idem.Alias) map[string]any {
	return map[string]any{"alias_id": string(a.ID), "type": string(a.Type), "value_masked": idem.Mask(a.Norm)}
}

func photoAdded(p idem.Photo, faces int, similar []Similar) idem.Action {
	details := photoDetails(p)
	details["is_default"] = p.Default
	details["face_code"] = p.FaceCode
	if faces > 1 {
		details["faces"] = faces
	}
	if len(similar) > 0 {
		details["similar_persons"] = personsOf(similar)
	}
	return idem.Action{Type: idem.ActionPhotoAdded, Details: details}
}

func photoRemoved(p idem.Photo) idem.Action {
	return idem.Action{Type: idem.ActionPhotoRemoved, Details: photoDetails(p)}
}

func photoDetails(p idem.Photo) map[string]any {
	return map[string]any{"photo_id": string(p.ID), "photo_type": string(p.Type)}
}

func defaultChanged(old, now idem.PhotoID) idem.Action {
	return idem.Action{Type: idem.ActionPhotoDefaultChanged, Details: map[string]any{
		"old_photo_id": string(old), "new_photo_id": string(now),
	}}
}

func personDeleted() idem.Action { return idem.Action{Type: idem.ActionPersonDeleted} }

func personRestored(similar []Similar) idem.Action {
	a := idem.Action{Type: idem.ActionPersonRestored}
	if len(similar) > 0 {
		a.Details = map[string]any{"similar_persons": personsOf(similar)}
	}
	return a
}

func personErased(e Erasure) idem.Action {
	return idem.Action{Type: idem.ActionPersonErased, Details: map[string]any{
		"reason": e.Reason, "photos": e.Photos, "aliases": e.Aliases, "entries": e.Entries,
	}}
}

func personsOf(similar []Similar) []any {
	out := make([]any, len(similar))
	for i, s := range similar {
		out[i] = string(s.Person)
	}
	return out
}

// record counts a change of the person and appends its actions.
func (r *Registry) record(ctx context.Context, tx store.Tx, p idem.Principal, who *idem.Person, actions ...idem.Action) error {
	if err := who.Touch(tx.Now()); err != nil {
		return err
	}
	return r.saveAndAppend(ctx, tx, p, *who, actions...)
}

func (r *Registry) saveAndAppend(ctx context.Context, tx store.Tx, p idem.Principal, who idem.Person, actions ...idem.Action) error {
	if err := tx.Persons().Save(ctx, who); err != nil {
		return fmt.Errorf("save person: %w", err)
	}
	return appendActions(ctx, tx, p, who.ID, actions...)
}

func appendActions(ctx context.Context, tx store.Tx, p idem.Principal, who idem.PersonID, actions ...idem.Action) error {
	for i := range actions {
		actions[i].Person, actions[i].Actor = who, p.Actor
	}
	if err := tx.Actions().Append(ctx, actions...); err != nil {
		return fmt.Errorf("append actions: %w", err)
	}
	return nil
}

// actionPage is how many actions are read at once while they are counted.
const actionPage = 1000

// Actions lists what happened to a person, newest first, with the cursor of
// the next page ("" at the end) and the number of all that fit the query.
func (r *Registry) Actions(ctx context.Context, p idem.Principal, person idem.PersonID, q ActionQuery, page store.Page) (items []idem.Action, next string, total int64, err error) {
	if err := p.Require(idem.ActionsRead); err != nil {
		return nil, "", 0, err
	}
	query := store.ActionQuery{Person: person, Type: q.Type, Source: q.Source, Operator: q.Operator, From: q.From, To: q.To}
	err = r.store.View(ctx, p.Org, func(tx store.Tx) error {
		if _, err := tx.Persons().Get(ctx, person); err != nil {
			return err
		}
		if items, next, err = tx.Actions().List(ctx, query, page); err != nil {
			return fmt.Errorf("list actions: %w", err)
		}
		if page.After == "" && next == "" {
			total = int64(len(items))
			return nil
		}
		total, err = countActions(ctx, tx, query)
		return err
	})
	return items, next, total, err
}

func countActions(ctx context.Context, tx store.Tx, q store.ActionQuery) (total int64, err error) {
	for page := (store.Page{Limit: actionPage}); ; {
		items, next, err := tx.Actions().List(ctx, q, page)
		if err != nil {
			return 0, fmt.Errorf("count actions: %w", err)
		}
		total += int64(len(items))
		if next == "" {
			return total, nil
		}
		page.After = next
	}
}
