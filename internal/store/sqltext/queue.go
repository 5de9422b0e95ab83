package sqltext

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// queue is store.Queue on any engine.
type queue struct{ runner Runner }

// Queue implements store.System.
func (s System) Queue() store.Queue { return queue(s) }

func (q queue) update(ctx context.Context, f func(*Tx) error) error {
	return q.runner.Update(ctx, "", func(tx store.Tx) error { return f(tx.(*Tx)) })
}

// claim takes what is due. Two processes may choose the same jobs: the second
// one waits for the first and then finds that they are due later. The choice is
// materialised so that it is made once. That turns are above zero lets SQLite see
// that the index of groups is the narrow one.
const claim = `WITH chosen AS MATERIALIZED (
		SELECT org, key FROM jobs j WHERE kind = $1 AND due_at <= $2 AND ` + live + `%s
		AND NOT EXISTS (SELECT 1 FROM jobs b WHERE b.org = j.org AND b.in_group = j.in_group AND b.in_group <> '' AND b.turn > 0
			AND (b.state = 'queued' AND (b.turn, b.kind, b.key) < (j.turn, j.kind, j.key)
				OR b.state = 'running' AND (b.kind, b.key) <> (j.kind, j.key)))
		ORDER BY due_at LIMIT $3)
	UPDATE jobs SET state = 'running', attempts = attempts + 1, epoch = epoch + 1, due_at = $4
	WHERE kind = $1 AND (org, key) IN (SELECT org, key FROM chosen) AND due_at <= $2 AND ` + live + ` RETURNING ` + jobColumns

// Claim implements store.Queue. The arguments are opened behind the
// transaction, which holds the rows.
func (q queue) Claim(ctx context.Context, kind string, limit int, lease time.Duration, except ...idem.OrgID) (claimed []store.Job, err error) {
	var sealer store.Sealer
	err = q.update(ctx, func(t *Tx) error {
		sealer = t.sealer
		w := &where{args: []any{kind, micros(t.now), limit, micros(t.now.Add(lease))}}
		others := ""
		for _, org := range except {
			others += " AND j.org <> " + w.arg(org)
		}
		claimed, err = list(ctx, t, fmt.Sprintf(claim, others), w.args, scanJob)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b store.Job) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Key, b.Key)) })
	for i := range claimed {
		openArgs(ctx, sealer, &claimed[i])
	}
	return claimed, nil
}

// held is the predicate of whoever holds a claim.
const held = ` WHERE org = $1 AND kind = $2 AND key = $3 AND epoch = $4 AND state = 'running'`

// Renew implements store.Queue.
func (q queue) Renew(ctx context.Context, j store.Job, lease time.Duration) error {
	return q.update(ctx, func(t *Tx) error {
		n, err := t.exec(ctx, `UPDATE jobs SET due_at = $5`+held, j.Org, j.Kind, j.Key, j.Epoch, micros(t.now.Add(lease)))
		return unlessFound(n, err, store.ErrJobLost)
	})
}

// Release implements store.Queue.
func (q queue) Release(ctx context.Context, j store.Job) error {
	return q.update(ctx, func(t *Tx) error {
		n, err := t.exec(ctx, `UPDATE jobs SET state = 'queued', attempts = attempts - 1, due_at = $5`+held, j.Org, j.Kind, j.Key, j.Epoch, micros(t.now))
		return unlessFound(n, err, store.ErrJobLost)
	})
}

// ReleaseAll implements store.Queue.
func (q queue) ReleaseAll(ctx context.Context) (n int64, err error) {
	err = q.update(ctx, func(t *Tx) error {
		n, err = t.exec(ctx, `UPDATE jobs SET state = 'queued', due_at = $1 WHERE state = 'running'`, micros(t.now))
		return err
	})
	return n, err
}

// Retry implements store.Queue. The rest of the group, which cannot run before
// it, leaves the front of what is due.
func (q queue) Retry(ctx context.Context, j store.Job, at time.Time, fault string) error {
	return q.update(ctx, func(t *Tx) error {
		n, err := t.exec(ctx, `UPDATE jobs SET state = 'queued', due_at = $5, fault = $6`+held, j.Org, j.Kind, j.Key, j.Epoch, micros(at), fault)
		if err := unlessFound(n, err, store.ErrJobLost); err != nil || j.Group == "" {
			return err
		}
		_, err = t.exec(ctx, `UPDATE jobs SET due_at = $3 WHERE org = $1 AND in_group = $2 AND in_group <> '' AND turn > 0 AND state = 'queued' AND due_at < $3`,
			j.Org, j.Group, micros(at))
		return err
	})
}

// Bury implements store.Queue.
func (q queue) Bury(ctx context.Context, j store.Job, fault string) error {
	return q.update(ctx, func(t *Tx) error {
		n, err := t.exec(ctx, `UPDATE jobs SET state = 'dead', fault = $5`+held, j.Org, j.Kind, j.Key, j.Epoch, fault)
		return unlessFound(n, err, store.ErrJobLost)
	})
}

// Count implements store.Queue.
func (q queue) Count(ctx context.Context) (counts []store.JobCount, err error) {
	err = q.runner.View(ctx, "", func(tx store.Tx) error {
		counts, err = list(ctx, tx.(*Tx), `SELECT kind, state, COUNT(*), MIN(due_at) FROM jobs WHERE `+live+` GROUP BY kind, state
			UNION ALL SELECT kind, state, COUNT(*), MIN(due_at) FROM jobs WHERE state = 'dead' GROUP BY kind, state`, nil,
			func(r row, c *store.JobCount) error { return r.Scan(&c.Kind, &c.State, &c.Jobs, (*moment)(&c.Oldest)) })
		return err
	})
	return counts, err
}

// ExpireJobs implements store.System.
func (s System) ExpireJobs(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.runner.Update(ctx, "", func(tx store.Tx) error {
		n, err = tx.(*Tx).exec(ctx, `DELETE FROM jobs WHERE state IN ('done', 'discarded') AND ended_at < $1`, micros(before))
		return err
	})
	return n, err
}
