package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Kind is one sort of job and the type of its arguments, which are kept sealed
// as JSON.
type Kind[A any] struct {
	// Name is stored with each job: no blanks, and never another one for the
	// same work.
	Name string
	// Attempts is how often a job is tried before it is dead, at least 1.
	Attempts int
	// Backoff is the wait behind the given failed attempt, counted from 1.
	Backoff func(attempt int) time.Duration
	// Workers bounds the jobs that run at once in this process; 0 is 4.
	Workers int
	// PerOrg bounds those of them that are one organisation's, so that slow
	// work of one leaves places to the others; 0 is all.
	PerOrg int
	// Limit bounds one run; 0 is a minute.
	Limit time.Duration
}

// Order is one job to be queued.
type Order[A any] struct {
	// Key says what the job is about, by identifiers: it is logged. The second
	// job of a kind and key in an organisation is not queued, whatever became
	// of the first.
	Key string
	// Group holds jobs, of any kinds, that run one after the other; "" is none.
	Group string
	// NotBefore is when the job may run; zero is at once.
	NotBefore time.Time
	Args      A
}

// Enqueue queues a job in the caller's transaction. It reports whether the job
// is new.
func Enqueue[A any](ctx context.Context, tx store.Tx, k Kind[A], o Order[A]) (bool, error) {
	if o.Key == "" {
		return false, fmt.Errorf("queue job %s: no key", k.Name)
	}
	args, err := json.Marshal(o.Args)
	if err != nil {
		return false, fmt.Errorf("encode job %s: %w", k.Name, err)
	}
	isNew, err := tx.Jobs().Insert(ctx, store.Job{Kind: k.Name, Key: o.Key, Group: o.Group, DueAt: o.NotBefore, Args: args})
	if err != nil {
		return false, fmt.Errorf("queue job %s: %w", k.Name, err)
	}
	return isNew, nil
}

// Task is a job that runs.
type Task struct {
	Org     idem.OrgID
	Key     string
	Attempt int // counted from 1
	job     store.Job
}

// Finish ends the job in a transaction of the work, which then happens once:
// store.ErrJobLost when the job was given to somebody else meanwhile.
func (t Task) Finish(ctx context.Context, tx store.Tx) error { return tx.Jobs().Finish(ctx, t.job) }

// Worker does the jobs of one kind.
type Worker struct {
	kind     string
	attempts int
	backoff  func(attempt int) time.Duration
	workers  int
	perOrg   int
	limit    time.Duration
	do       func(context.Context, store.Job) error
}

// Work says how jobs of a kind are done. The job is done when do returns nil.
// An error tries it again after the kind's backoff, and is hopeless when it is
// Permanent. do ends soon when its context does.
func Work[A any](k Kind[A], do func(ctx context.Context, t Task, args A) error) Worker {
	w := Worker{kind: k.Name, attempts: max(1, k.Attempts), backoff: k.Backoff, workers: k.Workers, perOrg: k.PerOrg, limit: k.Limit}
	if w.backoff == nil {
		w.backoff = Exponential(time.Second, time.Hour)
	}
	if w.workers < 1 {
		w.workers = 4
	}
	if w.perOrg < 1 {
		w.perOrg = w.workers
	}
	if w.limit <= 0 {
		w.limit = time.Minute
	}
	w.do = func(ctx context.Context, j store.Job) error {
		var args A
		if err := json.Unmarshal(j.Args, &args); err != nil {
			return Permanent(idem.Errorf(idem.Internal, "JOB_ARGUMENTS", "the arguments of the job cannot be read"))
		}
		return do(ctx, Task{Org: j.Org, Key: j.Key, Attempt: j.Attempts, job: j}, args)
	}
	return w
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that no further attempt mends: the job is dead.
func Permanent(err error) error { return permanent{err} }

func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// Exponential doubles the wait from first on, up to most.
func Exponential(first, most time.Duration) func(attempt int) time.Duration {
	return func(attempt int) time.Duration {
		wait := first
		for range attempt - 1 {
			if wait *= 2; wait >= most {
				return most
			}
		}
		return min(wait, most)
	}
}

// Schedule waits as listed, and as the last one says from then on.
func Schedule(first time.Duration, rest ...time.Duration) func(attempt int) time.Duration {
	all := append([]time.Duration{first}, rest...)
	return func(attempt int) time.Duration { return all[min(max(attempt, 1), len(all))-1] }
}
