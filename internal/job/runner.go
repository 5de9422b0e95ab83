package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Deps is what a runner works with.
type Deps struct {
	Store   store.Store
	Workers []Worker
	Log     *slog.Logger
	// Now is the clock of the store; nil is the system's.
	Now func() time.Time
	// Jitter draws from [0, 1); nil is random.
	Jitter func() float64
	// Lease is how long a claim lasts unless it is renewed, which happens three
	// times as often; 0 is 30 seconds.
	Lease time.Duration
	// Alone says that no other process runs jobs of the store. What is leased
	// when Run begins then belongs to one that has died, and is taken over at once.
	Alone bool
	// Poll is how often other processes' jobs and retries are looked for; 0 is
	// a second.
	Poll time.Duration
}

// Runner claims jobs and runs them. It is safe for concurrent use.
type Runner struct {
	store store.Store
	queue store.Queue
	log   *slog.Logger
	now   func() time.Time
	draw  func() float64
	lease time.Duration
	poll  time.Duration
	alone bool
	lanes []*lane
	stats stats
}

// New returns a runner. Two workers of one kind are a mistake of the program.
func New(d Deps) *Runner {
	r := &Runner{store: d.Store, queue: d.Store.System().Queue(), log: d.Log, now: d.Now, draw: d.Jitter, lease: d.Lease, poll: d.Poll, alone: d.Alone}
	if r.now == nil {
		r.now = time.Now
	}
	if r.draw == nil {
		r.draw = rand.Float64
	}
	if r.lease <= 0 {
		r.lease = 30 * time.Second
	}
	if r.poll <= 0 {
		r.poll = time.Second
	}
	r.Add(d.Workers...)
	return r
}

// Add takes further workers in, before Run: those whose use case queues jobs
// itself need the runner first.
func (r *Runner) Add(workers ...Worker) {
	for _, w := range workers {
		r.lanes = append(r.lanes, newLane(w))
	}
}

// Run works until ctx ends. It then ends the context of the running jobs, waits
// for them and gives back those that were not done.
func (r *Runner) Run(ctx context.Context) error {
	if r.alone {
		r.takeOver(ctx)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range r.lanes {
		group.Go(func() error { return r.serve(ctx, l) })
	}
	group.Go(func() error { return r.keepStats(ctx) })
	return group.Wait()
}

// takeOver queues what the process before left running. Where that fails, the
// leases end by themselves.
func (r *Runner) takeOver(ctx context.Context) {
	n, err := r.queue.ReleaseAll(ctx)
	switch {
	case err != nil:
		r.log.Error("jobs of the process before cannot be taken over; they run again when their leases end", "error", err)
	case n > 0:
		r.log.Info("jobs of the process before are taken over", "jobs", n)
	}
}

// Wake looks for jobs now.
func (r *Runner) Wake() {
	for _, l := range r.lanes {
		l.look()
	}
}

// serve fills the free places of a lane and waits when there is nothing to do.
func (r *Runner) serve(ctx context.Context, l *lane) error {
	var running sync.WaitGroup
	defer running.Wait()
	tick := time.NewTicker(r.poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		free := l.take(ctx)
		limit, full := l.room(free)
		claimed := r.claim(ctx, l, limit, full)
		l.begin(claimed)
		for _, j := range claimed {
			running.Go(func() {
				defer l.end(j)
				r.run(ctx, l, j)
			})
		}
		l.leave(free - len(claimed))
		if len(claimed) < limit || limit == 0 {
			rest(ctx, tick.C, l.wake)
		}
	}
	return nil
}

func rest(ctx context.Context, tick <-chan time.Time, wake <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-tick:
	case <-wake:
	}
}

func (r *Runner) claim(ctx context.Context, l *lane, limit int, full []idem.OrgID) []store.Job {
	if limit == 0 {
		return nil
	}
	claimed, err := r.queue.Claim(ctx, l.kind, limit, r.lease, full...)
	if err != nil && ctx.Err() == nil {
		r.log.Error("jobs cannot be claimed", "kind", l.kind, "error", err)
	}
	return claimed
}

// settleWithin bounds the time that the end of a run takes to be written, also
// when the runner stops.
const settleWithin = 10 * time.Second

// run does one job and writes what became of it.
func (r *Runner) run(ctx context.Context, l *lane, j store.Job) {
	err := r.attempt(ctx, l, j)
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	if fault := r.settle(settle, ctx, l, j, err); fault != nil {
		r.log.Error("the end of a job cannot be written; it runs again when its lease ends", "kind", j.Kind, "key", j.Key, "error", fault)
	}
	if j.Group != "" {
		r.Wake() // the next of the group can run
	}
}

// attempt runs the job, unless there is nothing to try.
func (r *Runner) attempt(ctx context.Context, l *lane, j store.Job) error {
	switch {
	case j.Broken != nil && idem.KindOf(j.Broken) == idem.Unavailable:
		return j.Broken
	case j.Broken != nil:
		return Permanent(j.Broken)
	case j.Attempts > l.attempts: // each run before ended with its process
		return Permanent(idem.Errorf(idem.Internal, "JOB_ABANDONED", "no attempt at the job came to an end"))
	}
	return r.do(ctx, l, j)
}

// do runs the job under its limit while its lease is renewed, and tells a lost
// lease and the limit from a failure of the work.
func (r *Runner) do(ctx context.Context, l *lane, j store.Job) error {
	limited, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	leased, stop := r.keepLease(limited, j)
	defer stop()
	err := l.safely(leased, j)
	switch cause := context.Cause(leased); {
	case err == nil || isPermanent(err):
		return err
	case errors.Is(cause, store.ErrJobLost):
		return cause
	case errors.Is(cause, context.DeadlineExceeded):
		return idem.Errorf(idem.Unavailable, "JOB_TIMEOUT", "the job took longer than %s", l.limit).Because(err)
	}
	return err
}

// safely keeps a panic of one job from ending all.
func (l *lane) safely(ctx context.Context, j store.Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = idem.Errorf(idem.Internal, "JOB_PANIC", "the job panicked").Because(fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
	}()
	return l.Worker.do(ctx, j)
}

// keepLease renews the lease until stop is called. The context ends when the
// lease is lost.
func (r *Runner) keepLease(ctx context.Context, j store.Job) (leased context.Context, stop func()) {
	leased, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(r.lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-leased.Done():
				return
			case <-tick.C:
				if err := r.queue.Renew(leased, j, r.lease); errors.Is(err, store.ErrJobLost) {
					cancel(err)
					return
				}
			}
		}
	}()
	return leased, func() {
		cancel(nil)
		<-done
	}
}

// settle writes the end of a run. ctx is that of the runner.
func (r *Runner) settle(write, ctx context.Context, l *lane, j store.Job, err error) error {
	switch {
	case err == nil:
		return r.finish(write, j)
	case errors.Is(err, store.ErrJobLost):
		return nil
	case ctx.Err() != nil && !isPermanent(err):
		return r.queue.Release(write, j)
	case isPermanent(err) || j.Attempts >= l.attempts:
		r.log.Error("a job is dead", "kind", j.Kind, "key", j.Key, "organisation", string(j.Org), "attempt", j.Attempts, "error", err)
		return r.queue.Bury(write, j, idem.CodeOf(err))
	}
	wait := r.jittered(l.backoff(j.Attempts))
	r.log.Warn("a job failed and is tried again", "kind", j.Kind, "key", j.Key, "organisation", string(j.Org), "attempt", j.Attempts, "wait", wait, "error", err)
	return r.queue.Retry(write, j, r.now().Add(wait), idem.CodeOf(err))
}

// finish ends a job unless its own work has done so.
func (r *Runner) finish(ctx context.Context, j store.Job) error {
	err := r.store.Update(ctx, j.Org, func(tx store.Tx) error { return tx.Jobs().Finish(ctx, j) })
	if errors.Is(err, store.ErrJobLost) {
		return nil
	}
	return err
}

// jittered spreads a wait by a tenth to either side, so that what failed
// together does not come back together.
func (r *Runner) jittered(wait time.Duration) time.Duration {
	return time.Duration(float64(wait) * (0.9 + 0.2*r.draw()))
}
