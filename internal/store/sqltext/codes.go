package sqltext

import (
	"context"
	"time"

	"github.com/idem-id/idem/internal/store"
)

type codes struct{ *Tx }

func (t codes) blind(ctx context.Context, to store.Receiver) ([]byte, error) {
	return t.sealer.Blind(ctx, t.org, "codes."+string(to.Kind), to.Value)
}

// Nth implements store.Codes.
func (t codes) Nth(ctx context.Context, to store.Receiver, n int) (sent time.Time, err error) {
	receiver, err := t.blind(ctx, to)
	if err != nil {
		return sent, err
	}
	_, err = t.first(ctx, `SELECT sent_at FROM codes WHERE org = $1 AND receiver = $2 ORDER BY seq DESC LIMIT 1 OFFSET $3`,
		[]any{t.org, receiver, n - 1}, (*moment)(&sent))
	return sent, err
}

// Insert implements store.Codes.
func (t codes) Insert(ctx context.Context, to store.Receiver) error {
	receiver, err := t.blind(ctx, to)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO codes (org, receiver, seq, sent_at)
		VALUES ($1, $2, (SELECT COALESCE(MAX(seq), 0) + 1 FROM codes WHERE org = $1 AND receiver = $2), $3)`,
		t.org, receiver, micros(t.now))
	return err
}

// Remove implements store.Codes. Of several noted at that time it is one.
func (t codes) Remove(ctx context.Context, to store.Receiver, at time.Time) error {
	receiver, err := t.blind(ctx, to)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM codes WHERE org = $1 AND receiver = $2
		AND seq = (SELECT MAX(seq) FROM codes WHERE org = $1 AND receiver = $2 AND sent_at = $3)`, t.org, receiver, micros(at))
	return err
}
