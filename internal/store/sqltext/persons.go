package sqltext

import (
	"context"

	"github.com/idem-id/idem"
)

type persons struct{ *Tx }

const personColumns = `id, verified, created_at, created_source, updated_at, deleted_at, erased_at, version, data_key`

func scanPerson(r row, p *idem.Person) error {
	return r.Scan(&p.ID, &p.Verified, (*moment)(&p.CreatedAt), &p.CreatedSource, (*moment)(&p.UpdatedAt),
		(*moment)(&p.DeletedAt), (*moment)(&p.ErasedAt), &p.Version, &p.DataKey)
}

// Insert implements store.Persons.
func (t persons) Insert(ctx context.Context, p idem.Person) error {
	_, err := t.exec(ctx, `INSERT INTO persons (org, `+personColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.org, p.ID, p.Verified, micros(p.CreatedAt), p.CreatedSource, micros(p.UpdatedAt),
		micros(p.DeletedAt), micros(p.ErasedAt), p.Version, p.DataKey)
	return err
}

const personByID = `SELECT ` + personColumns + ` FROM persons WHERE org = $1 AND id = $2`

// Get implements store.Persons.
func (t persons) Get(ctx context.Context, id idem.PersonID) (idem.Person, error) {
	return t.get(ctx, personByID, id)
}

// GetForUpdate implements store.Persons.
func (t persons) GetForUpdate(ctx context.Context, id idem.PersonID) (idem.Person, error) {
	return t.get(ctx, personByID+lock, id)
}

func (t persons) get(ctx context.Context, text string, id idem.PersonID) (idem.Person, error) {
	if !storable(string(id)) {
		return idem.Person{}, idem.ErrPersonNotFound
	}
	found, err := list(ctx, t.Tx, text, []any{t.org, id}, scanPerson)
	if err != nil {
		return idem.Person{}, err
	}
	if len(found) == 0 {
		return idem.Person{}, idem.ErrPersonNotFound
	}
	return found[0], nil
}

// Save implements store.Persons.
func (t persons) Save(ctx context.Context, p idem.Person) error {
	n, err := t.exec(ctx, `UPDATE persons SET verified = $3, updated_at = $4, deleted_at = $5, erased_at = $6, version = $7,
		data_key = $8 WHERE org = $1 AND id = $2`,
		t.org, p.ID, p.Verified, micros(p.UpdatedAt), micros(p.DeletedAt), micros(p.ErasedAt), p.Version, p.DataKey)
	if err == nil && n == 0 {
		return idem.ErrPersonNotFound
	}
	return err
}
