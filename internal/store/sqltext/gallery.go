package sqltext

import (
	"context"
	"maps"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

type gallery struct{ *Tx }

// rowsAtOnce bounds the rows of one INSERT, so that its placeholders stay far
// below both engines' limits.
const rowsAtOnce = 64

// Append implements store.Gallery.
func (t gallery) Append(ctx context.Context, model string, rows []idem.LogRow) error {
	if len(rows) == 0 {
		return nil
	}
	seq, hash, err := t.advance(ctx, model, len(rows))
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		r.Seq, r.At, r.PrevHash = seq+idem.Seq(i)+1, t.now, hash
		if r.Op == idem.OpReserve {
			r.Ref = r.Seq
		}
		hash = chain.Row(t.org, model, *r)
		r.Hash = hash
	}
	for part := range slices.Chunk(rows, rowsAtOnce) {
		if err := t.insertRows(ctx, model, part); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, `UPDATE gallery_heads SET hash = $3 WHERE org = $1 AND model = $2`, t.org, model, hash[:])
	return err
}

// advance locks the head, moves it by n and returns where it stood. The first
// row of a model makes the head.
func (t gallery) advance(ctx context.Context, model string, n int) (idem.Seq, [32]byte, error) {
	var seq idem.Seq
	var hash [32]byte
	_, err := t.first(ctx, `INSERT INTO gallery_heads (org, model, seq, hash) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org, model) DO UPDATE SET seq = gallery_heads.seq + EXCLUDED.seq RETURNING seq, hash`,
		[]any{t.org, model, n, make([]byte, 32)}, &seq, (*digest)(&hash))
	return seq - idem.Seq(n), hash, err
}

func (t gallery) insertRows(ctx context.Context, model string, rows []idem.LogRow) error {
	args := make([]any, 0, 12*len(rows))
	for i := range rows {
		r := &rows[i]
		args = append(args, t.org, model, r.Seq, r.Op, r.Ref, r.Set, r.Subject, r.Sample, r.Digest[:], micros(r.At), r.PrevHash[:], r.Hash[:])
	}
	_, err := t.exec(ctx, `INSERT INTO gallery_log
		(org, model, seq, op, ref, set_name, subject, sample, digest, at, prev_hash, hash) VALUES `+tuples(len(rows), 12), args...)
	return err
}

// PutTemplates implements store.Gallery.
func (t gallery) PutTemplates(ctx context.Context, model string, templates map[idem.Seq][]byte) error {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(templates)), rowsAtOnce) {
		args := make([]any, 0, 4*len(part))
		for _, seq := range part {
			args = append(args, t.org, model, seq, templates[seq])
		}
		if _, err := t.exec(ctx, `INSERT INTO gallery_templates (org, model, seq, sealed) VALUES `+tuples(len(part), 4), args...); err != nil {
			return err
		}
	}
	return nil
}

// DeleteTemplate implements store.Gallery.
func (t gallery) DeleteTemplate(ctx context.Context, model string, seq idem.Seq) error {
	_, err := t.exec(ctx, `DELETE FROM gallery_templates WHERE org = $1 AND model = $2 AND seq = $3`, t.org, model, seq)
	return err
}

// Template implements store.Gallery.
func (t gallery) Template(ctx context.Context, model string, seq idem.Seq) ([]byte, error) {
	var sealed []byte
	_, err := t.first(ctx, `SELECT sealed FROM gallery_templates WHERE org = $1 AND model = $2 AND seq = $3`,
		[]any{t.org, model, seq}, &sealed)
	return sealed, err
}

// Head implements store.Gallery.
func (t gallery) Head(ctx context.Context, model string) (idem.Seq, [32]byte, error) {
	var seq idem.Seq
	var hash [32]byte
	_, err := t.first(ctx, `SELECT seq, hash FROM gallery_heads WHERE org = $1 AND model = $2`, []any{t.org, model}, &seq, (*digest)(&hash))
	return seq, hash, err
}

func scanLogRow(r row, s *store.StoredRow) error {
	return r.Scan(&s.Seq, &s.Op, &s.Ref, &s.Set, &s.Subject, &s.Sample, (*digest)(&s.Digest), (*moment)(&s.At),
		(*digest)(&s.PrevHash), (*digest)(&s.Hash), &s.Sealed)
}

// Rows implements store.Gallery.
func (t gallery) Rows(ctx context.Context, model string, after idem.Seq, limit int) ([]store.StoredRow, error) {
	return list(ctx, t.Tx, `SELECT l.seq, l.op, l.ref, l.set_name, l.subject, l.sample, l.digest, l.at, l.prev_hash, l.hash, g.sealed
		FROM gallery_log l LEFT JOIN gallery_templates g ON g.org = l.org AND g.model = l.model AND g.seq = l.seq
		WHERE l.org = $1 AND l.model = $2 AND l.seq > $3 ORDER BY l.seq LIMIT $4`,
		[]any{t.org, model, after, limit}, scanLogRow)
}

// Models implements store.Gallery.
func (t gallery) Models(ctx context.Context) ([]string, error) {
	return list(ctx, t.Tx, `SELECT model FROM gallery_heads WHERE org = $1 ORDER BY model`, []any{t.org},
		func(r row, model *string) error { return r.Scan(model) })
}

// PutPending implements store.Gallery.
func (t gallery) PutPending(ctx context.Context, model string, leases []store.Lease) error {
	for part := range slices.Chunk(leases, rowsAtOnce) {
		args := make([]any, 0, 5*len(part))
		for _, l := range part {
			args = append(args, t.org, model, l.Seq, micros(l.Until), l.Epoch)
		}
		if _, err := t.exec(ctx, `INSERT INTO gallery_pending (org, model, seq, until_at, epoch) VALUES `+tuples(len(part), 5), args...); err != nil {
			return err
		}
	}
	return nil
}

// TakePending implements store.Gallery.
func (t gallery) TakePending(ctx context.Context, model string, seq idem.Seq, epoch int64) (bool, error) {
	n, err := t.exec(ctx, `DELETE FROM gallery_pending WHERE org = $1 AND model = $2 AND seq = $3 AND epoch = $4`, t.org, model, seq, epoch)
	return n == 1 && err == nil, err
}

// RenewPending implements store.Gallery.
func (t gallery) RenewPending(ctx context.Context, model string, l store.Lease) (epoch int64, ok bool, err error) {
	ok, err = t.first(ctx, `UPDATE gallery_pending SET until_at = $5, epoch = epoch + 1
		WHERE org = $1 AND model = $2 AND seq = $3 AND epoch = $4 RETURNING epoch`,
		[]any{t.org, model, l.Seq, l.Epoch, micros(l.Until)}, &epoch)
	return epoch, ok, err
}

// ExpiredPending implements store.Gallery.
func (t gallery) ExpiredPending(ctx context.Context, model string, limit int) ([]store.Lease, error) {
	return list(ctx, t.Tx, `SELECT seq, until_at, epoch FROM gallery_pending
		WHERE org = $1 AND model = $2 AND until_at < $3 ORDER BY seq LIMIT $4`, []any{t.org, model, micros(t.now), limit},
		func(r row, l *store.Lease) error { return r.Scan(&l.Seq, (*moment)(&l.Until), &l.Epoch) })
}
