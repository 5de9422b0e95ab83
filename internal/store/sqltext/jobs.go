package sqltext

import (
	"context"
	"strings"

	"github.com/idem-id/idem/internal/store"
)

type jobs struct{ *Tx }

const jobColumns = `org, kind, key, in_group, state, sealed, attempts, epoch, due_at, created_at, ended_at, fault`

// live are the states that keep a group waiting. The text is that of the
// partial indexes.
const live = `state IN ('queued', 'running')`

// scanJob leaves the arguments sealed.
func scanJob(r row, j *store.Job) error {
	return r.Scan(&j.Org, &j.Kind, &j.Key, &j.Group, &j.State, &j.Args, &j.Attempts, &j.Epoch,
		(*moment)(&j.DueAt), (*moment)(&j.CreatedAt), (*moment)(&j.EndedAt), &j.Fault)
}

func jobPlace(j store.Job) store.Place {
	return store.Place{Org: j.Org, Owner: j.Kind, Column: "jobs.sealed", Row: j.Key}
}

// Insert implements store.Jobs.
func (t jobs) Insert(ctx context.Context, j store.Job) (bool, error) {
	j.Org = t.org
	if j.DueAt.IsZero() {
		j.DueAt = t.now
	}
	sealed, err := t.sealForOrg(ctx, jobPlace(j), j.Args)
	if err != nil {
		return false, err
	}
	n, err := t.exec(ctx, `INSERT INTO jobs (org, kind, key, in_group, state, sealed, attempts, epoch, due_at, created_at, ended_at, fault, turn)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, 0, '',
			(SELECT COALESCE(MAX(turn), 0) + 1 FROM jobs WHERE org = $1 AND in_group = $4 AND in_group <> '' AND turn > 0))
		ON CONFLICT (org, kind, key) DO NOTHING`,
		t.org, j.Kind, j.Key, j.Group, store.JobQueued, sealed, micros(j.DueAt), micros(t.now))
	return n == 1, err
}

// Finish implements store.Jobs.
func (t jobs) Finish(ctx context.Context, j store.Job) error {
	n, err := t.exec(ctx, `UPDATE jobs SET state = $4, sealed = NULL, ended_at = $5, fault = '' WHERE org = $1 AND kind = $2 AND key = $3 AND epoch = $6 AND state = 'running'`,
		t.org, j.Kind, j.Key, store.JobDone, micros(t.now), j.Epoch)
	return unlessFound(n, err, store.ErrJobLost)
}

// List implements store.Jobs.
func (t jobs) List(ctx context.Context, state store.JobState, kind string, page store.Page) ([]store.Job, string, error) {
	if err := checkPage(page); err != nil {
		return nil, "", err
	}
	w := &where{}
	w.add("org = ?", t.org)
	if page.After != "" {
		at, id, err := parseCursor(page.After)
		if err != nil {
			return nil, "", err
		}
		after, key, _ := strings.Cut(id, " ")
		w.add("(created_at < ? OR created_at = ? AND (kind, key) > (?, ?))", at, at, after, key)
	}
	if state != "" {
		w.add("state = ?", state)
	}
	if kind != "" {
		w.add("kind = ?", kind)
	}
	found, err := list(ctx, t.Tx, `SELECT `+jobColumns+` FROM jobs WHERE `+w.text()+` ORDER BY created_at DESC, kind, key LIMIT `+w.arg(page.Limit+1), w.args, scanJob)
	for i := range found {
		found[i].Args = nil
	}
	if err != nil || len(found) <= page.Limit {
		return found, "", err
	}
	last := found[page.Limit-1]
	return found[:page.Limit], cursor(micros(last.CreatedAt), last.Kind+" "+last.Key), nil
}

// Rerun implements store.Jobs.
func (t jobs) Rerun(ctx context.Context, kind, key string) error {
	n, err := t.exec(ctx, `UPDATE jobs SET state = 'queued', attempts = 0, due_at = $3 WHERE org = $1 AND kind = $2 AND key = $4 AND state IN ('queued', 'dead')`,
		t.org, kind, micros(t.now), key)
	return unlessFound(n, err, store.ErrJobNotFound)
}

// Discard implements store.Jobs.
func (t jobs) Discard(ctx context.Context, kind, key string) error {
	n, err := t.exec(ctx, `UPDATE jobs SET state = 'discarded', sealed = NULL, ended_at = $3 WHERE org = $1 AND kind = $2 AND key = $4 AND state IN ('queued', 'dead')`,
		t.org, kind, micros(t.now), key)
	return unlessFound(n, err, store.ErrJobNotFound)
}

// openArgs opens the arguments of a claimed job. A failure must not keep the
// other jobs of the claim from running, so it stays with the job.
func openArgs(ctx context.Context, sealer store.Sealer, j *store.Job) {
	j.Args, j.Broken = sealer.Open(ctx, jobPlace(*j), j.Args)
}
