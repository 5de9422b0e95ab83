package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// maxAliasInputs bounds the aliases of one request.
const maxAliasInputs = 100

// normalise turns the aliases of a request into rows without identifiers. Each
// refusal names the member that caused it.
func normalise(s idem.Settings, inputs []AliasInput) ([]idem.Alias, error) {
	if len(inputs) > maxAliasInputs {
		return nil, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "at most %d aliases can be given at once", maxAliasInputs).At("aliases")
	}
	out := make([]idem.Alias, len(inputs))
	seen := make(map[store.AliasKey]bool, len(inputs))
	for i, in := range inputs {
		a, err := normaliseOne(s, in, fmt.Sprintf("aliases[%d].", i))
		if err != nil {
			return nil, err
		}
		if seen[keyOf(a)] {
			return nil, idem.ErrAliasDuplicate.At(fmt.Sprintf("aliases[%d].value", i))
		}
		seen[keyOf(a)] = true
		out[i] = a
	}
	return out, nil
}

func normaliseOne(s idem.Settings, in AliasInput, path string) (idem.Alias, error) {
	if in.Type == idem.AliasSystemID {
		return idem.Alias{}, idem.ErrAliasType.At(path + "type")
	}
	norm, err := s.Normalise(in.Type, in.Value)
	if err != nil {
		return idem.Alias{}, at(err, aliasMember(path, err))
	}
	return idem.Alias{Type: in.Type, Value: in.Value, Norm: norm}, nil
}

func aliasMember(path string, err error) string {
	if errors.Is(err, idem.ErrAliasType) {
		return path + "type"
	}
	return path + "value"
}

// at names the offending field of a refusal.
func at(err error, field string) error {
	if e := (*idem.Error)(nil); errors.As(err, &e) {
		return e.At(field)
	}
	return err
}

func keyOf(a idem.Alias) store.AliasKey { return store.AliasKey{Type: a.Type, Norm: a.Norm} }

func keysOf(aliases []idem.Alias) []store.AliasKey {
	out := make([]store.AliasKey, len(aliases))
	for i, a := range aliases {
		out[i] = keyOf(a)
	}
	return out
}

// free returns refusal, with all conflicts, when persons other than self own
// any of the aliases.
func free(ctx context.Context, tx store.Tx, refusal *idem.Error, self idem.PersonID, aliases []idem.Alias) error {
	if len(aliases) == 0 {
		return nil
	}
	owners, err := tx.Aliases().Owners(ctx, keysOf(aliases))
	if err != nil {
		return fmt.Errorf("look for alias owners: %w", err)
	}
	return conflict(refusal, aliases, owners, self)
}

// conflict lists the aliases that others own in a copy of refusal, nil when
// there are none.
func conflict(refusal *idem.Error, aliases []idem.Alias, owners map[store.AliasKey]idem.PersonID, self idem.PersonID) error {
	var conflicts []map[string]any
	first := -1
	for i, a := range aliases {
		owner, taken := owners[keyOf(a)]
		if !taken || owner == self {
			continue
		}
		if first < 0 {
			first = i
		}
		conflicts = append(conflicts, map[string]any{"type": string(a.Type), "value_masked": idem.Mask(a.Norm), "person_id": string(owner)})
	}
	if len(conflicts) == 0 {
		return nil
	}
	return refusal.At(fmt.Sprintf("aliases[%d].value", first)).With("conflicts", conflicts)
}

// addAliases inserts the aliases in the order of their keys, so that two
// transactions never wait for each other's keys in a circle, and returns them
// as given.
func (r *Registry) addAliases(ctx context.Context, tx store.Tx, key idem.DataKeyID, aliases []idem.Alias) error {
	sorted := slices.SortedFunc(slices.Values(aliases), func(a, b idem.Alias) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Norm, b.Norm))
	})
	for _, a := range sorted {
		if err := tx.Aliases().Insert(ctx, key, a); err != nil {
			return fmt.Errorf("insert alias: %w", err)
		}
	}
	return nil
}

// AddAlias gives a person one more alias. An alias that the person has already
// is returned with false and changes nothing; one of another live person is
// ErrAliasConflict with its owner.
func (r *Registry) AddAlias(ctx context.Context, p idem.Principal, person idem.PersonID, in AliasInput, also ...Also[AliasAdded]) (idem.Alias, bool, error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return idem.Alias{}, false, err
	}
	if in.Type == idem.AliasSystemID {
		return idem.Alias{}, false, idem.ErrAliasType.At("type")
	}
	id := idem.AliasID(r.ids.New())
	var done AliasAdded
	err := r.change(ctx, p, person, func(tx store.Tx, who *idem.Person) (err error) {
		done, err = r.addAlias(ctx, tx, p, who, id, in)
		if err != nil {
			return err
		}
		return store.RunAlso(ctx, tx, done, also)
	})
	return done.Alias, done.New, err
}

func (r *Registry) addAlias(ctx context.Context, tx store.Tx, p idem.Principal, who *idem.Person, id idem.AliasID, in AliasInput) (AliasAdded, error) {
	s, err := r.settings(ctx, tx)
	if err != nil {
		return AliasAdded{}, err
	}
	a, err := normaliseOne(s, in, "")
	if err != nil {
		return AliasAdded{}, err
	}
	present, err := own(ctx, tx, who.ID, a)
	if err != nil {
		return AliasAdded{}, at(err, "value")
	}
	if present != nil {
		return AliasAdded{Alias: *present}, nil
	}
	a.ID, a.Person, a.Source, a.CreatedAt = id, who.ID, p.Actor.Source, tx.Now()
	if err := r.addAliases(ctx, tx, who.DataKey, []idem.Alias{a}); err != nil {
		return AliasAdded{}, err
	}
	return AliasAdded{Alias: a, New: true}, r.record(ctx, tx, p, who, aliasAdded(a))
}

// own returns the person's alias of the same key, nil when nobody has one, and
// refuses a key of another person.
func own(ctx context.Context, tx store.Tx, self idem.PersonID, a idem.Alias) (*idem.Alias, error) {
	owners, err := tx.Aliases().Owners(ctx, keysOf([]idem.Alias{a}))
	if err != nil {
		return nil, fmt.Errorf("look for alias owners: %w", err)
	}
	switch owners[keyOf(a)] {
	case "":
		return nil, nil
	case self:
	default:
		return nil, conflict(idem.ErrAliasConflict, []idem.Alias{a}, owners, self)
	}
	all, err := tx.Aliases().List(ctx, self)
	if err != nil {
		return nil, fmt.Errorf("list aliases: %w", err)
	}
	for i := range all {
		if keyOf(all[i]) == keyOf(a) {
			return &all[i], nil
		}
	}
	return nil, nil
}

// UpdateAlias replaces the value of an alias. Writing the same value again
// changes nothing.
func (r *Registry) UpdateAlias(ctx context.Context, p idem.Principal, person idem.PersonID, id idem.AliasID, value string) (idem.Alias, error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return idem.Alias{}, err
	}
	var out idem.Alias
	err := r.change(ctx, p, person, func(tx store.Tx, who *idem.Person) (err error) {
		out, err = r.updateAlias(ctx, tx, p, who, id, value)
		return err
	})
	return out, err
}

func (r *Registry) updateAlias(ctx context.Context, tx store.Tx, p idem.Principal, who *idem.Person, id idem.AliasID, value string) (idem.Alias, error) {
	old, err := r.ownAlias(ctx, tx, who.ID, id)
	if err != nil {
		return idem.Alias{}, err
	}
	s, err := r.settings(ctx, tx)
	if err != nil {
		return idem.Alias{}, err
	}
	a, err := normaliseOne(s, AliasInput{Type: old.Type, Value: value}, "")
	if err != nil {
		return idem.Alias{}, err
	}
	if old.Value == value {
		return old, nil
	}
	if keyOf(a) != keyOf(old) {
		if err := r.movable(ctx, tx, who.ID, a); err != nil {
			return idem.Alias{}, err
		}
	}
	updated := old
	updated.Value, updated.Norm = a.Value, a.Norm
	if err := tx.Aliases().Update(ctx, who.DataKey, updated); err != nil {
		return idem.Alias{}, fmt.Errorf("update alias: %w", err)
	}
	return updated, r.record(ctx, tx, p, who, aliasUpdated(old, updated))
}

// movable refuses a key that another person has, or the person itself.
func (r *Registry) movable(ctx context.Context, tx store.Tx, self idem.PersonID, a idem.Alias) error {
	present, err := own(ctx, tx, self, a)
	if err != nil {
		return at(err, "value")
	}
	if present != nil {
		return idem.ErrAliasDuplicate.At("value")
	}
	return nil
}

// ownAlias reads an alias that may be changed.
func (r *Registry) ownAlias(ctx context.Context, tx store.Tx, person idem.PersonID, id idem.AliasID) (idem.Alias, error) {
	a, err := tx.Aliases().Get(ctx, person, id)
	if err != nil {
		return idem.Alias{}, fmt.Errorf("read alias: %w", err)
	}
	if a.Type == idem.AliasSystemID {
		return idem.Alias{}, idem.ErrSystemAlias
	}
	return a, nil
}

// RemoveAlias takes an alias from a person; its value is free at once.
func (r *Registry) RemoveAlias(ctx context.Context, p idem.Principal, person idem.PersonID, id idem.AliasID) error {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return err
	}
	return r.change(ctx, p, person, func(tx store.Tx, who *idem.Person) error {
		a, err := r.ownAlias(ctx, tx, who.ID, id)
		if err != nil {
			return err
		}
		if err := tx.Aliases().Delete(ctx, who.ID, id); err != nil {
			return fmt.Errorf("delete alias: %w", err)
		}
		return r.record(ctx, tx, p, who, aliasRemoved(a))
	})
}
