package sqltext

import (
	"context"

	"github.com/idem-id/idem"
)

type photos struct{ *Tx }

const photoColumns = `person, id, type, is_default, blob, digest, mime, width, height, bytes, face_code, quality, entry_seq, source, created_at`

func scanPhoto(r row, p *idem.Photo) error {
	return r.Scan(&p.Person, &p.ID, &p.Type, &p.Default, &p.Blob, (*digest)(&p.Digest), &p.MIME, &p.Width, &p.Height, &p.Bytes,
		&p.FaceCode, &p.Quality, &p.EntrySeq, &p.Source, (*moment)(&p.CreatedAt))
}

// Insert implements store.Photos.
func (t photos) Insert(ctx context.Context, p idem.Photo) error {
	_, err := t.exec(ctx, `INSERT INTO photos (org, `+photoColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		t.org, p.Person, p.ID, p.Type, p.Default, p.Blob, p.Digest[:], p.MIME, p.Width, p.Height, p.Bytes,
		p.FaceCode, p.Quality, p.EntrySeq, p.Source, micros(p.CreatedAt))
	return err
}

// Get implements store.Photos.
func (t photos) Get(ctx context.Context, person idem.PersonID, id idem.PhotoID) (idem.Photo, error) {
	if !storable(string(person)) || !storable(string(id)) {
		return idem.Photo{}, idem.ErrPhotoNotFound
	}
	found, err := list(ctx, t.Tx, `SELECT `+photoColumns+` FROM photos WHERE org = $1 AND person = $2 AND id = $3`,
		[]any{t.org, person, id}, scanPhoto)
	if err == nil && len(found) == 0 {
		err = idem.ErrPhotoNotFound
	}
	if err != nil {
		return idem.Photo{}, err
	}
	return found[0], nil
}

// List implements store.Photos.
func (t photos) List(ctx context.Context, persons ...idem.PersonID) ([]idem.Photo, error) {
	if len(persons) == 0 {
		return nil, nil
	}
	w := &where{}
	w.add("org = ?", t.org)
	w.anyOf("person", persons)
	return list(ctx, t.Tx, `SELECT `+photoColumns+` FROM photos WHERE `+w.text()+` ORDER BY person, created_at, id`, w.args, scanPhoto)
}

// Delete implements store.Photos.
func (t photos) Delete(ctx context.Context, person idem.PersonID, id idem.PhotoID) error {
	n, err := t.exec(ctx, `DELETE FROM photos WHERE org = $1 AND person = $2 AND id = $3`, t.org, person, id)
	return unlessFound(n, err, idem.ErrPhotoNotFound)
}

// SetDefault implements store.Photos. The person's lock keeps two movers of
// the flag apart; the flag goes off before it goes on because uniqueness holds
// after every statement.
func (t photos) SetDefault(ctx context.Context, person idem.PersonID, id idem.PhotoID) error {
	if _, err := t.Persons().GetForUpdate(ctx, person); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE photos SET is_default = FALSE WHERE org = $1 AND person = $2 AND is_default AND id <> $3`, t.org, person, id)
	if err != nil || id == "" {
		return err
	}
	n, err := t.exec(ctx, `UPDATE photos SET is_default = TRUE WHERE org = $1 AND person = $2 AND id = $3`, t.org, person, id)
	return unlessFound(n, err, idem.ErrPhotoNotFound)
}

// SetEntry implements store.Photos.
func (t photos) SetEntry(ctx context.Context, person idem.PersonID, id idem.PhotoID, seq idem.Seq) error {
	n, err := t.exec(ctx, `UPDATE photos SET entry_seq = $4 WHERE org = $1 AND person = $2 AND id = $3`, t.org, person, id, seq)
	return unlessFound(n, err, idem.ErrPhotoNotFound)
}
