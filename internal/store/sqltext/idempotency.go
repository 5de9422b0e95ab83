package sqltext

import (
	"context"

	"github.com/idem-id/idem/internal/store"
)

type idempotency struct{ *Tx }

func (t idempotency) place(key string) store.Place {
	return store.Place{Org: t.org, Owner: "idempotency", Column: "idempotency.sealed", Row: key}
}

// Begin implements store.Idempotency. A claim of another transaction that is
// not committed yet is waited for; one that was freed between question and
// answer is claimed again.
func (t idempotency) Begin(ctx context.Context, r store.IdempotencyRow) (*store.IdempotencyRow, error) {
	for {
		n, err := t.exec(ctx, `INSERT INTO idempotency (org, key, request, status, created_at) VALUES ($1, $2, $3, 0, $4)
			ON CONFLICT (org, key) DO NOTHING`, t.org, r.Key, r.Request[:], micros(t.now))
		if err != nil || n == 1 {
			return nil, err
		}
		earlier, err := t.get(ctx, r.Key)
		if err != nil || earlier != nil {
			return earlier, err
		}
	}
}

func (t idempotency) get(ctx context.Context, key string) (*store.IdempotencyRow, error) {
	r := store.IdempotencyRow{Key: key}
	var sealed []byte
	found, err := t.first(ctx, `SELECT request, status, sealed, created_at FROM idempotency WHERE org = $1 AND key = $2`,
		[]any{t.org, key}, (*digest)(&r.Request), &r.Status, &sealed, (*moment)(&r.CreatedAt))
	if err != nil || !found {
		return nil, err
	}
	if sealed != nil {
		if r.Body, err = t.openSealed(ctx, t.place(key), sealed); err != nil {
			return nil, err
		}
	}
	return &r, nil
}

// Finish implements store.Idempotency.
func (t idempotency) Finish(ctx context.Context, key string, status int, body []byte) error {
	sealed, err := t.sealForOrg(ctx, t.place(key), body)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE idempotency SET status = $3, sealed = $4 WHERE org = $1 AND key = $2`, t.org, key, status, sealed)
	return unlessFound(n, err, store.ErrIdempotencyUnknown)
}

// Forget implements store.Idempotency.
func (t idempotency) Forget(ctx context.Context, key string) error {
	_, err := t.exec(ctx, `DELETE FROM idempotency WHERE org = $1 AND key = $2`, t.org, key)
	return err
}
