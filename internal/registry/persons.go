package registry

import (
	"context"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// change runs f with a live person locked against other changes.
func (r *Registry) change(ctx context.Context, p idem.Principal, person idem.PersonID, f func(store.Tx, *idem.Person) error) error {
	return r.store.Update(ctx, p.Org, func(tx store.Tx) error {
		who, err := lock(ctx, tx, person)
		if err != nil {
			return err
		}
		return f(tx, &who)
	})
}

// lock reads a person for a change other than a restore.
func lock(ctx context.Context, tx store.Tx, person idem.PersonID) (idem.Person, error) {
	who, err := tx.Persons().GetForUpdate(ctx, person)
	if err != nil {
		return idem.Person{}, fmt.Errorf("lock person: %w", err)
	}
	return who, who.Writable()
}

// Get returns a person, live, deleted or erased; idem.ErrPersonNotFound for
// what the organisation does not have.
func (r *Registry) Get(ctx context.Context, p idem.Principal, id idem.PersonID) (View, error) {
	if err := p.Require(idem.PersonsRead); err != nil {
		return View{}, err
	}
	var out View
	err := r.store.View(ctx, p.Org, func(tx store.Tx) error {
		who, err := tx.Persons().Get(ctx, id)
		if err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		out, err = viewOf(ctx, tx, who)
		return err
	})
	return out, err
}

func viewOf(ctx context.Context, tx store.Tx, who idem.Person) (View, error) {
	views, err := views(ctx, tx, []idem.Person{who})
	if err != nil {
		return View{}, err
	}
	return views[0], nil
}

// views reads what belongs to the persons, in their order.
func views(ctx context.Context, tx store.Tx, persons []idem.Person) ([]View, error) {
	if len(persons) == 0 {
		return nil, nil
	}
	ids := make([]idem.PersonID, len(persons))
	out := make([]View, len(persons))
	place := make(map[idem.PersonID]*View, len(persons))
	for i, who := range persons {
		ids[i], out[i].Person, place[who.ID] = who.ID, who, &out[i]
	}
	aliases, err := tx.Aliases().List(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("list aliases: %w", err)
	}
	for _, a := range aliases {
		place[a.Person].Aliases = append(place[a.Person].Aliases, a)
	}
	photos, err := tx.Photos().List(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("list photos: %w", err)
	}
	for _, f := range photos {
		place[f.Person].Photos = append(place[f.Person].Photos, f)
	}
	counts, err := tx.Sessions().CountLinks(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("count sessions: %w", err)
	}
	for id, v := range place {
		systemFirst(v.Aliases)
		v.SessionCount = counts[id]
	}
	return out, nil
}

// systemFirst keeps the order of all but SYSTEM_ID, which comes first.
func systemFirst(aliases []idem.Alias) {
	slices.SortStableFunc(aliases, func(a, b idem.Alias) int {
		return rank(a) - rank(b)
	})
}

func rank(a idem.Alias) int {
	if a.Type == idem.AliasSystemID {
		return 0
	}
	return 1
}

// List returns the persons that fit the query with the cursor of the next page
// ("" at the end) and the number of all that fit.
func (r *Registry) List(ctx context.Context, p idem.Principal, q Query, page store.Page) (items []View, next string, total int64, err error) {
	if err := p.Require(idem.PersonsRead); err != nil {
		return nil, "", 0, err
	}
	err = r.store.View(ctx, p.Org, func(tx store.Tx) error {
		query, possible, err := r.resolve(ctx, tx, q)
		if err != nil || !possible {
			return err
		}
		persons, cursor, err := tx.Persons().List(ctx, query, page)
		if err != nil {
			return fmt.Errorf("list persons: %w", err)
		}
		if total, err = tx.Persons().Count(ctx, query); err != nil {
			return fmt.Errorf("count persons: %w", err)
		}
		next = cursor
		items, err = views(ctx, tx, persons)
		return err
	})
	return items, next, total, err
}

// resolve normalises the alias value of a query. possible is false when no
// alias can have the value.
func (r *Registry) resolve(ctx context.Context, tx store.Tx, q Query) (query store.PersonQuery, possible bool, err error) {
	query = q.PersonQuery
	if q.AliasValue == "" {
		return query, true, nil
	}
	s, err := r.settings(ctx, tx)
	if err != nil {
		return query, false, err
	}
	query.AliasType = ""
	query.AliasNorms, err = norms(s, AliasInput{Type: q.AliasType, Value: q.AliasValue})
	return query, len(query.AliasNorms) > 0, at(err, "alias_value")
}

// norms returns the normal form of a value under its type, or under every type
// that admits it when no type is given.
func norms(s idem.Settings, in AliasInput) (map[idem.AliasType]string, error) {
	if in.Type != "" {
		norm, err := s.Normalise(in.Type, in.Value)
		return map[idem.AliasType]string{in.Type: norm}, err
	}
	out := map[idem.AliasType]string{}
	for _, t := range aliasTypes() {
		if norm, err := s.Normalise(t, in.Value); err == nil {
			out[t] = norm
		}
	}
	return out, nil
}

func aliasTypes() []idem.AliasType {
	return []idem.AliasType{idem.AliasSystemID, idem.AliasPhone, idem.AliasPersonalNumber, idem.AliasDocumentNumber, idem.AliasCustom}
}

// Search returns the live persons that own any of the aliases, each once, in
// the order of the aliases.
func (r *Registry) Search(ctx context.Context, p idem.Principal, aliases []AliasInput) ([]idem.PersonID, error) {
	if err := p.Require(idem.PersonsRead); err != nil {
		return nil, err
	}
	if len(aliases) == 0 || len(aliases) > maxAliasInputs {
		return nil, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "give 1 to %d aliases", maxAliasInputs).At("aliases")
	}
	var out []idem.PersonID
	err := r.store.View(ctx, p.Org, func(tx store.Tx) error {
		keys, err := r.searchKeys(ctx, tx, aliases)
		if err != nil {
			return err
		}
		owners, err := tx.Aliases().Owners(ctx, keys)
		if err != nil {
			return fmt.Errorf("look for alias owners: %w", err)
		}
		out = distinct(keys, owners)
		return nil
	})
	return out, err
}

func (r *Registry) searchKeys(ctx context.Context, tx store.Tx, aliases []AliasInput) ([]store.AliasKey, error) {
	s, err := r.settings(ctx, tx)
	if err != nil {
		return nil, err
	}
	var keys []store.AliasKey
	for i, in := range aliases {
		found, err := norms(s, in)
		if err != nil {
			return nil, at(err, aliasMember(fmt.Sprintf("aliases[%d].", i), err))
		}
		for _, t := range aliasTypes() {
			if norm, ok := found[t]; ok {
				keys = append(keys, store.AliasKey{Type: t, Norm: norm})
			}
		}
	}
	return keys, nil
}

func distinct(keys []store.AliasKey, owners map[store.AliasKey]idem.PersonID) []idem.PersonID {
	var out []idem.PersonID
	for _, k := range keys {
		if owner, ok := owners[k]; ok && !slices.Contains(out, owner) {
			out = append(out, owner)
		}
	}
	return out
}

// SetVerified changes the flag; setting it to what it is changes nothing. A
// version that is not the current one is refused with idem.ErrVersionMismatch.
func (r *Registry) SetVerified(ctx context.Context, p idem.Principal, id idem.PersonID, verified bool, ifVersion *int64) (View, error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return View{}, err
	}
	var out View
	err := r.change(ctx, p, id, func(tx store.Tx, who *idem.Person) error {
		if ifVersion != nil && *ifVersion != who.Version {
			return idem.ErrVersionMismatch.With("version", who.Version)
		}
		old := who.Verified
		changed, err := who.SetVerified(verified, tx.Now())
		if err != nil {
			return err
		}
		if changed {
			if err := r.saveAndAppend(ctx, tx, p, *who, verificationChanged(old, verified)); err != nil {
				return err
			}
		}
		out, err = viewOf(ctx, tx, *who)
		return err
	})
	return out, err
}

// Delete hides a person: its aliases are free for others and its faces answer
// no search. A second deletion is idem.ErrPersonDeleted.
func (r *Registry) Delete(ctx context.Context, p idem.Principal, id idem.PersonID) error {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return err
	}
	return r.change(ctx, p, id, func(tx store.Tx, who *idem.Person) error {
		if err := who.Delete(tx.Now()); err != nil {
			return err
		}
		if err := tx.Aliases().SetLive(ctx, id, false); err != nil {
			return fmt.Errorf("free aliases: %w", err)
		}
		if err := r.moveEntries(ctx, tx, id, idem.SetDeleted); err != nil {
			return err
		}
		return r.saveAndAppend(ctx, tx, p, *who, personDeleted())
	})
}

// moveEntries puts the gallery entries of all photos of a person into a set.
func (r *Registry) moveEntries(ctx context.Context, tx store.Tx, id idem.PersonID, set idem.Set) error {
	photos, err := tx.Photos().List(ctx, id)
	if err != nil {
		return fmt.Errorf("list photos: %w", err)
	}
	for _, f := range photos {
		if f.EntrySeq == 0 {
			continue
		}
		if err := r.gallery.Move(ctx, tx, idem.Seq(f.EntrySeq), set); err != nil {
			return fmt.Errorf("move gallery entry: %w", err)
		}
	}
	return nil
}

// Sessions lists the flow sessions linked to a person, the newest link first.
func (r *Registry) Sessions(ctx context.Context, p idem.Principal, id idem.PersonID) (links []idem.SessionLink, err error) {
	if err := p.Require(idem.PersonsRead); err != nil {
		return nil, err
	}
	err = r.store.View(ctx, p.Org, func(tx store.Tx) error {
		if _, err := tx.Persons().Get(ctx, id); err != nil {
			return err
		}
		links, err = tx.Sessions().Links(ctx, id)
		return err
	})
	return links, err
}
