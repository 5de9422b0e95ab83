package sqltext

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

type instance struct{ *Tx }

const instanceColumns = `seq, org, type, source, credential, operator, session, account, at, details, prev_hash, hash`

func scanInstance(r row, a *idem.InstanceAction) error {
	var details []byte
	err := r.Scan(&a.Seq, &a.Org, &a.Type, &a.Actor.Source, &a.Actor.Credential, &a.Actor.Operator, &a.Actor.Session, &a.Account,
		(*moment)(&a.At), &details, (*digest)(&a.PrevHash), (*digest)(&a.Hash))
	if err != nil {
		return err
	}
	a.Details, err = chain.ParseDetails(details)
	return err
}

// Append implements store.Instance. The first entry of all makes the head.
func (t instance) Append(ctx context.Context, entries ...idem.InstanceAction) error {
	if len(entries) == 0 {
		return nil
	}
	var seq int64
	var hash [32]byte
	_, err := t.first(ctx, `INSERT INTO instance_heads (id, seq, hash) VALUES (1, $1, $2)
		ON CONFLICT (id) DO UPDATE SET seq = instance_heads.seq + $1 RETURNING seq, hash`, []any{len(entries), hash[:]}, &seq, (*digest)(&hash))
	if err != nil {
		return err
	}
	seq -= int64(len(entries))
	for _, a := range entries {
		seq++
		a.Seq, a.Org, a.At, a.PrevHash = seq, t.org, t.now, hash
		if hash, err = t.append(ctx, a); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, `UPDATE instance_heads SET hash = $1 WHERE id = 1`, hash[:])
	return err
}

func (t instance) append(ctx context.Context, a idem.InstanceAction) ([32]byte, error) {
	details, err := chain.Details(a.Details)
	if err != nil {
		return [32]byte{}, err
	}
	hash, err := chain.Instance(a)
	if err != nil {
		return [32]byte{}, fmt.Errorf("chain action %d of the instance: %w", a.Seq, err)
	}
	_, err = t.exec(ctx, `INSERT INTO instance_actions (`+instanceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		a.Seq, a.Org, a.Type, a.Actor.Source, a.Actor.Credential, a.Actor.Operator, a.Actor.Session, a.Account,
		micros(a.At), string(details), a.PrevHash[:], hash[:])
	return hash, err
}

// Record implements store.System.
func (s System) Record(ctx context.Context, actions ...idem.InstanceAction) error {
	return s.runner.Update(ctx, "", func(tx store.Tx) error { return tx.Instance().Append(ctx, actions...) })
}

// InstanceActions implements store.System.
func (s System) InstanceActions(ctx context.Context, after int64, limit int) (found []idem.InstanceAction, err error) {
	err = s.view(ctx, func(t *Tx) error {
		found, err = list(ctx, t, `SELECT `+instanceColumns+` FROM instance_actions WHERE seq > $1 ORDER BY seq LIMIT $2`, []any{after, limit}, scanInstance)
		return err
	})
	return found, err
}
