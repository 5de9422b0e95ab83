package sqltext

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type collections struct{ *Tx }

const collectionColumns = `session, state, reason, person, hits, created_at, ended_at`

// hit is the stored shape of idem.Hit.
type hit struct {
	Type   idem.AliasType `json:"type"`
	Person idem.PersonID  `json:"person"`
}

func encodeHits(hits []idem.Hit) (string, error) {
	stored := make([]hit, len(hits))
	for i, h := range hits {
		stored[i] = hit(h)
	}
	text, err := json.Marshal(stored)
	if err != nil {
		return "", fmt.Errorf("encode hits: %w", err)
	}
	return string(text), nil
}

func scanCollection(r row, c *idem.Collection) error {
	var text []byte
	if err := r.Scan(&c.Session, &c.State, &c.Reason, &c.Person, &text, (*moment)(&c.CreatedAt), (*moment)(&c.EndedAt)); err != nil {
		return err
	}
	var stored []hit
	if err := json.Unmarshal(text, &stored); err != nil {
		return fmt.Errorf("read hits of session %s: %w", c.Session, err)
	}
	for _, h := range stored {
		c.Hits = append(c.Hits, idem.Hit(h))
	}
	return nil
}

// Insert implements store.Collections.
func (t collections) Insert(ctx context.Context, c idem.Collection) error {
	hits, err := encodeHits(c.Hits)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO collections (org, `+collectionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		t.org, c.Session, c.State, c.Reason, c.Person, hits, micros(c.CreatedAt), micros(c.EndedAt))
	return unlessFound(n, err, store.ErrDuplicateRow)
}

// Get implements store.Collections.
func (t collections) Get(ctx context.Context, id idem.SessionID) (idem.Collection, error) {
	return t.one(ctx, id, "")
}

// GetForUpdate implements store.Collections.
func (t collections) GetForUpdate(ctx context.Context, id idem.SessionID) (idem.Collection, error) {
	return t.one(ctx, id, lock)
}

func (t collections) one(ctx context.Context, id idem.SessionID, locking string) (idem.Collection, error) {
	if !storable(string(id)) {
		return idem.Collection{}, idem.ErrSessionNotFound
	}
	found, err := list(ctx, t.Tx, `SELECT `+collectionColumns+` FROM collections WHERE org = $1 AND session = $2`+locking, []any{t.org, id}, scanCollection)
	if err == nil && len(found) == 0 {
		err = idem.ErrSessionNotFound
	}
	if err != nil {
		return idem.Collection{}, err
	}
	return found[0], nil
}

// Save implements store.Collections.
func (t collections) Save(ctx context.Context, c idem.Collection) error {
	hits, err := encodeHits(c.Hits)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE collections SET state = $3, reason = $4, person = $5, hits = $6, ended_at = $7 WHERE org = $1 AND session = $2`,
		t.org, c.Session, c.State, c.Reason, c.Person, hits, micros(c.EndedAt))
	return unlessFound(n, err, idem.ErrSessionNotFound)
}

// List implements store.Collections.
func (t collections) List(ctx context.Context, state idem.CollectionState, page store.Page) ([]idem.Collection, string, error) {
	if err := checkPage(page); err != nil {
		return nil, "", err
	}
	w := &where{}
	w.add("org = ?", t.org)
	if state != "" {
		w.add("state = ?", state)
	}
	if err := w.behind("created_at", "session", page); err != nil {
		return nil, "", err
	}
	found, err := list(ctx, t.Tx, `SELECT `+collectionColumns+` FROM collections WHERE `+w.text()+` ORDER BY created_at DESC, session DESC LIMIT `+w.arg(page.Limit+1),
		w.args, scanCollection)
	if err != nil || len(found) <= page.Limit {
		return found, "", err
	}
	found = found[:page.Limit]
	last := found[page.Limit-1]
	return found, cursor(micros(last.CreatedAt), string(last.Session)), nil
}
