package sqltext

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type aliases struct{ *Tx }

const aliasColumns = `person, id, type, sealed, source, created_at`

// sealedAlias is a row as it is stored; value and norm are still closed.
type sealedAlias struct {
	idem.Alias
	sealed []byte
}

func scanAlias(r row, a *sealedAlias) error {
	return r.Scan(&a.Person, &a.ID, &a.Type, &a.sealed, &a.Source, (*moment)(&a.CreatedAt))
}

func (t *Tx) blindAlias(ctx context.Context, kind idem.AliasType, norm string) ([]byte, error) {
	blind, err := t.sealer.Blind(ctx, t.org, "alias:"+string(kind), norm)
	if err != nil {
		return nil, fmt.Errorf("blind alias: %w", err)
	}
	return blind, nil
}

func (t aliases) place(person idem.PersonID, id idem.AliasID) store.Place {
	return store.Place{Org: t.org, Owner: string(person), Column: "aliases.value", Row: string(id)}
}

// protect returns the blind index of the norm and the sealed pair of value and
// norm.
func (t aliases) protect(ctx context.Context, key idem.DataKeyID, a idem.Alias) (blind, sealed []byte, err error) {
	if !storable(a.Value) || !storable(a.Norm) {
		return nil, nil, idem.ErrAliasValue
	}
	if blind, err = t.blindAlias(ctx, a.Type, a.Norm); err != nil {
		return nil, nil, err
	}
	plain := binary.AppendUvarint(nil, uint64(len(a.Value)))
	plain = append(append(plain, a.Value...), a.Norm...)
	if sealed, err = t.sealer.Seal(ctx, key, t.place(a.Person, a.ID), plain); err != nil {
		return nil, nil, fmt.Errorf("seal alias %s: %w", a.ID, err)
	}
	return blind, sealed, nil
}

// open completes a stored alias. A SYSTEM_ID's value is the person's
// identifier, which outlives the data key.
func (t aliases) open(ctx context.Context, a sealedAlias) (idem.Alias, error) {
	if a.Type == idem.AliasSystemID {
		a.Value, a.Norm = string(a.Person), string(a.Person)
		return a.Alias, nil
	}
	plain, err := t.sealer.Open(ctx, t.place(a.Person, a.ID), a.sealed)
	if err != nil {
		return idem.Alias{}, fmt.Errorf("open alias %s: %w", a.ID, err)
	}
	length, n := binary.Uvarint(plain)
	if n <= 0 || length > uint64(len(plain)-n) {
		return idem.Alias{}, fmt.Errorf("open alias %s: %d bytes do not hold a value", a.ID, len(plain))
	}
	end := n + int(length)
	a.Value, a.Norm = string(plain[n:end]), string(plain[end:])
	return a.Alias, nil
}

// Insert implements store.Aliases. The write itself finds the conflict, also
// with a transaction that is not committed yet, and leaves this one usable.
func (t aliases) Insert(ctx context.Context, key idem.DataKeyID, a idem.Alias) error {
	blind, sealed, err := t.protect(ctx, key, a)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO aliases (org, person, id, type, blind, sealed, source, live, created_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, TRUE, $8 FROM persons
		WHERE org = $1 AND id = $2 AND deleted_at = 0 AND erased_at = 0
		ON CONFLICT (org, type, blind) WHERE live DO NOTHING`,
		t.org, a.Person, a.ID, a.Type, blind, sealed, a.Source, micros(a.CreatedAt))
	if err != nil || n == 1 {
		return err
	}
	return t.whyNotInserted(ctx, a.Person)
}

func (t aliases) whyNotInserted(ctx context.Context, person idem.PersonID) error {
	p, err := t.Persons().Get(ctx, person)
	if err != nil {
		return err
	}
	if err := p.Writable(); err != nil {
		return err
	}
	return idem.ErrAliasConflict
}

// Update implements store.Aliases. A race with a transaction that takes the
// same value between question and write ends in a retry by the backend.
func (t aliases) Update(ctx context.Context, key idem.DataKeyID, a idem.Alias) error {
	blind, sealed, err := t.protect(ctx, key, a)
	if err != nil {
		return err
	}
	var one int
	taken, err := t.first(ctx, `SELECT 1 FROM aliases WHERE org = $1 AND type = $2 AND blind = $3 AND live AND id <> $4`,
		[]any{t.org, a.Type, blind, a.ID}, &one)
	if err != nil {
		return err
	}
	if taken {
		return idem.ErrAliasConflict
	}
	n, err := t.exec(ctx, `UPDATE aliases SET blind = $5, sealed = $6 WHERE org = $1 AND person = $2 AND id = $3 AND type = $4`,
		t.org, a.Person, a.ID, a.Type, blind, sealed)
	return unlessFound(n, err, idem.ErrAliasNotFound)
}

// unlessFound returns missing when a statement without fault met no row.
func unlessFound(n int64, err, missing error) error {
	if err == nil && n == 0 {
		return missing
	}
	return err
}

// Delete implements store.Aliases.
func (t aliases) Delete(ctx context.Context, person idem.PersonID, id idem.AliasID) error {
	n, err := t.exec(ctx, `DELETE FROM aliases WHERE org = $1 AND person = $2 AND id = $3`, t.org, person, id)
	return unlessFound(n, err, idem.ErrAliasNotFound)
}

// Get implements store.Aliases.
func (t aliases) Get(ctx context.Context, person idem.PersonID, id idem.AliasID) (idem.Alias, error) {
	if !storable(string(person)) || !storable(string(id)) {
		return idem.Alias{}, idem.ErrAliasNotFound
	}
	found, err := list(ctx, t.Tx, `SELECT `+aliasColumns+` FROM aliases WHERE org = $1 AND person = $2 AND id = $3`,
		[]any{t.org, person, id}, scanAlias)
	if err != nil {
		return idem.Alias{}, err
	}
	opened, err := t.openAll(ctx, found)
	if err == nil && len(opened) == 0 {
		err = idem.ErrAliasNotFound
	}
	if err != nil {
		return idem.Alias{}, err
	}
	return opened[0], nil
}

// List implements store.Aliases.
func (t aliases) List(ctx context.Context, persons ...idem.PersonID) ([]idem.Alias, error) {
	if len(persons) == 0 {
		return nil, nil
	}
	w := &where{}
	w.add("org = ?", t.org)
	w.anyOf("person", persons)
	found, err := list(ctx, t.Tx, `SELECT `+aliasColumns+` FROM aliases WHERE `+w.text()+` ORDER BY person, created_at, id`, w.args, scanAlias)
	if err != nil {
		return nil, err
	}
	return t.openAll(ctx, found)
}

// openAll opens stored aliases and leaves out those whose key was destroyed.
func (t aliases) openAll(ctx context.Context, stored []sealedAlias) ([]idem.Alias, error) {
	var out []idem.Alias
	for _, s := range stored {
		a, err := t.open(ctx, s)
		switch {
		case errors.Is(err, idem.ErrErased):
		case err != nil:
			return nil, err
		default:
			out = append(out, a)
		}
	}
	return out, nil
}

// SetLive implements store.Aliases.
func (t aliases) SetLive(ctx context.Context, person idem.PersonID, live bool) error {
	if live {
		if err := t.refuseTaken(ctx, person); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `UPDATE aliases SET live = $3 WHERE org = $1 AND person = $2`, t.org, person, live)
	return err
}

func (t aliases) refuseTaken(ctx context.Context, person idem.PersonID) error {
	var one int
	taken, err := t.first(ctx, `SELECT 1 FROM aliases mine JOIN aliases other
		ON other.org = mine.org AND other.type = mine.type AND other.blind = mine.blind AND other.live
		WHERE mine.org = $1 AND mine.person = $2 AND other.person <> mine.person LIMIT 1`, []any{t.org, person}, &one)
	if err == nil && taken {
		return idem.ErrAliasConflict
	}
	return err
}

// DeleteAll implements store.Aliases.
func (t aliases) DeleteAll(ctx context.Context, person idem.PersonID) error {
	_, err := t.exec(ctx, `DELETE FROM aliases WHERE org = $1 AND person = $2 AND type <> $3`, t.org, person, idem.AliasSystemID)
	return err
}
