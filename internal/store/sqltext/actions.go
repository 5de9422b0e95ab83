package sqltext

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

type actions struct{ *Tx }

const actionColumns = `seq, person, type, source, credential, operator, session, at, details, prev_hash, hash`

func scanAction(r row, a *idem.Action) error {
	var details []byte
	err := r.Scan(&a.Seq, &a.Person, &a.Type, &a.Actor.Source, &a.Actor.Credential, &a.Actor.Operator, &a.Actor.Session,
		(*moment)(&a.At), &details, (*digest)(&a.PrevHash), (*digest)(&a.Hash))
	if err != nil {
		return err
	}
	a.Details, err = chain.ParseDetails(details)
	return err
}

// Append implements store.Actions.
func (t actions) Append(ctx context.Context, entries ...idem.Action) error {
	if len(entries) == 0 {
		return nil
	}
	var seq int64
	var hash [32]byte
	found, err := t.first(ctx, `UPDATE action_heads SET seq = seq + $2 WHERE org = $1 RETURNING seq, hash`,
		[]any{t.org, len(entries)}, &seq, (*digest)(&hash))
	if err != nil {
		return err
	}
	if !found {
		return store.ErrOrganisationNotFound
	}
	seq -= int64(len(entries))
	for _, a := range entries {
		seq++
		a.Seq, a.At, a.PrevHash = seq, t.now, hash
		if hash, err = t.append(ctx, a); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, `UPDATE action_heads SET hash = $2 WHERE org = $1`, t.org, hash[:])
	return err
}

func (t actions) append(ctx context.Context, a idem.Action) ([32]byte, error) {
	details, err := chain.Details(a.Details)
	if err != nil {
		return [32]byte{}, err
	}
	hash, err := chain.Action(t.org, a)
	if err != nil {
		return [32]byte{}, fmt.Errorf("chain action %d: %w", a.Seq, err)
	}
	_, err = t.exec(ctx, `INSERT INTO actions (org, `+actionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		t.org, a.Seq, a.Person, a.Type, a.Actor.Source, a.Actor.Credential, a.Actor.Operator, a.Actor.Session,
		micros(a.At), string(details), a.PrevHash[:], hash[:])
	return hash, err
}

// List implements store.Actions.
func (t actions) List(ctx context.Context, q store.ActionQuery, page store.Page) ([]idem.Action, string, error) {
	if err := checkPage(page); err != nil {
		return nil, "", err
	}
	w := &where{}
	w.add("org = ?", t.org)
	if page.After != "" {
		seq, _, err := parseCursor(page.After)
		if err != nil {
			return nil, "", err
		}
		w.add("seq < ?", seq)
	}
	narrowActions(w, q)
	found, err := list(ctx, t.Tx, `SELECT `+actionColumns+` FROM actions WHERE `+w.text()+` ORDER BY seq DESC LIMIT `+w.arg(page.Limit+1),
		w.args, scanAction)
	if err != nil || len(found) <= page.Limit {
		return found, "", err
	}
	found = found[:page.Limit]
	return found, cursor(found[page.Limit-1].Seq, ""), nil
}

func narrowActions(w *where, q store.ActionQuery) {
	if q.Person != "" {
		w.add("person = ?", q.Person)
	}
	if q.Type != "" {
		w.add("type = ?", q.Type)
	}
	if q.Source != "" {
		w.add("source = ?", q.Source)
	}
	if q.Operator != "" {
		w.add("operator = ?", q.Operator)
	}
	if !q.From.IsZero() {
		w.add("at >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		w.add("at < ?", micros(q.To))
	}
}

// Chain implements store.Actions.
func (t actions) Chain(ctx context.Context, after int64, limit int) ([]idem.Action, error) {
	return list(ctx, t.Tx, `SELECT `+actionColumns+` FROM actions WHERE org = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
		[]any{t.org, after, limit}, scanAction)
}
