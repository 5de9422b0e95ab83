package persons

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// aliasInputs reads the aliases of a body.
func aliasInputs(bodies []aliasBody) ([]registry.AliasInput, error) {
	out := make([]registry.AliasInput, len(bodies))
	for i, b := range bodies {
		in, err := b.input(fmt.Sprintf("aliases[%d].", i))
		if err != nil {
			return nil, err
		}
		out[i] = in
	}
	return out, nil
}

// input reads one alias; path names it in refusals.
func (b *aliasBody) input(path string) (registry.AliasInput, error) {
	var none registry.AliasInput
	name, err := required(b.Type, path+"type")
	if err != nil {
		return none, err
	}
	value, err := required(b.Value, path+"value")
	if err != nil {
		return none, err
	}
	kind, err := idem.ParseAliasType(name)
	if err != nil {
		return none, idem.ErrAliasType.At(path + "type")
	}
	return registry.AliasInput{Type: kind, Value: value}, nil
}

// aliasID reads person and alias of a path.
func (r *request) aliasID() (idem.PersonID, idem.AliasID, error) {
	person, err := r.personID()
	if err != nil {
		return "", "", err
	}
	id, ok := idem.ParseID(r.PathValue("alias_id"))
	if !ok {
		return "", "", idem.ErrAliasNotFound
	}
	return person, idem.AliasID(id), nil
}

func (a *api) addAlias(ctx context.Context, r *request) (answer, error) {
	person, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	var body addAliasBody
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	in, err := body.input("")
	if err != nil {
		return answer{}, err
	}
	remember := func(ctx context.Context, tx store.Tx, done registry.AliasAdded) error {
		return r.claim.Finish(ctx, tx, aliasStatus(done.New), encode(aliasOf(done.Alias)))
	}
	alias, isNew, err := a.Registry.AddAlias(ctx, r.principal, person, in, remember)
	if err != nil {
		return answer{}, err
	}
	return answer{status: aliasStatus(isNew), body: aliasOf(alias)}, nil
}

func aliasStatus(isNew bool) int {
	if isNew {
		return 201
	}
	return 200
}

func (a *api) patchAlias(ctx context.Context, r *request) (answer, error) {
	person, id, err := r.aliasID()
	if err != nil {
		return answer{}, err
	}
	var body aliasPatch
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	value, err := required(body.Value, "value")
	if err != nil {
		return answer{}, err
	}
	alias, err := a.Registry.UpdateAlias(ctx, r.principal, person, id, value)
	if err != nil {
		return answer{}, err
	}
	return answer{status: 200, body: aliasOf(alias)}, nil
}

func (a *api) deleteAlias(ctx context.Context, r *request) (answer, error) {
	person, id, err := r.aliasID()
	if err != nil {
		return answer{}, err
	}
	return answer{status: 204}, a.Registry.RemoveAlias(ctx, r.principal, person, id)
}
