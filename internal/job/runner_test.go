package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

type letter struct{ To string }

var letters = job.Kind[letter]{Name: "letter", Attempts: 3, Backoff: job.Schedule(time.Millisecond)}

// office is where the letters of a test are written.
type office struct {
	*testing.T
	store store.Store
	org   idem.OrgID

	mu      sync.Mutex
	written []string
}

func newOffice(t *testing.T, s store.Store) *office {
	return &office{T: t, store: s, org: storetest.NewOrganisation(t, s)}
}

func (o *office) write(to string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.written = append(o.written, to)
}

func (o *office) all() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.written)
}

// deps polls quickly, because what a test waits for is a retry.
func (o *office) deps(workers ...job.Worker) job.Deps {
	return job.Deps{Store: o.store, Workers: workers, Log: slog.New(slog.DiscardHandler), Poll: 2 * time.Millisecond, Lease: time.Minute}
}

// run works until the returned function is called, or the test ends.
func (o *office) run(r *job.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			o.Errorf("the runner ended with %v", err)
		}
	})
	o.Cleanup(stop)
	return stop
}

func (o *office) enqueue(s store.Store, list ...job.Order[letter]) {
	o.Helper()
	err := s.Update(o.Context(), o.org, func(tx store.Tx) error {
		for _, l := range list {
			if _, err := job.Enqueue(o.Context(), tx, letters, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.Fatal(err)
	}
}

func order(key string) job.Order[letter] { return job.Order[letter]{Key: key, Args: letter{To: key}} }

// jobs waits until as many jobs as given are in the state.
func (o *office) jobs(state store.JobState, n int) (found []store.Job) {
	o.Helper()
	for ctx := o.Context(); ; time.Sleep(time.Millisecond) {
		err := o.store.View(ctx, o.org, func(tx store.Tx) (err error) {
			found, _, err = tx.Jobs().List(ctx, state, "", store.Page{Limit: 100})
			return err
		})
		if err != nil {
			o.Fatal(err)
		}
		if len(found) == n {
			return found
		}
	}
}

func TestJobsRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		o.enqueue(s, order("a"), order("b"))
		o.enqueue(s, order("a"))
		o.run(job.New(o.deps(job.Work(letters, func(_ context.Context, task job.Task, l letter) error {
			if task.Org != o.org || task.Key != l.To || task.Attempt != 1 {
				t.Errorf("task %+v of %+v", task, l)
			}
			o.write(l.To)
			return nil
		}))))
		o.jobs(store.JobDone, 2)
		if got := slices.Sorted(slices.Values(o.all())); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("wrote %v", got)
		}
	})
}

func TestFailuresAreTriedAgainUntilDead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		refused := idem.Errorf(idem.Unavailable, "REFUSED", "the post office is closed")
		o.enqueue(s, order("closed"), order("second time"), order("hopeless"), order("panic"))
		o.run(job.New(o.deps(job.Work(letters, func(_ context.Context, task job.Task, l letter) error {
			o.write(l.To)
			switch {
			case l.To == "hopeless":
				return job.Permanent(refused)
			case l.To == "panic" && task.Attempt == 1:
				panic("at the post office")
			case l.To == "closed" || task.Attempt == 1:
				return refused
			}
			return nil
		}))))
		o.jobs(store.JobDone, 2)
		dead := o.jobs(store.JobDead, 2)
		for _, j := range dead {
			want := map[string]int{"closed": 3, "hopeless": 1}[j.Key]
			if j.Attempts != want || j.Fault != "REFUSED" {
				t.Errorf("%s is dead behind %d attempts of fault %s, want %d", j.Key, j.Attempts, j.Fault, want)
			}
		}
		if n := len(o.all()); n != 3+2+1+2 {
			t.Errorf("%d attempts, want 8", n)
		}
	})
}

// TestSlowWorkLeavesRoom lets one organisation have slow work without end: the
// work of another one is done meanwhile, and its own in time.
func TestSlowWorkLeavesRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		slow, quick := newOffice(t, s), newOffice(t, s)
		for i := range 20 {
			slow.enqueue(s, order(fmt.Sprintf("slow %02d", i)))
		}
		kind := letters
		kind.Workers, kind.PerOrg = 6, 2
		free := make(chan struct{})
		var running, most atomic.Int64
		deps := slow.deps(job.Work(kind, func(_ context.Context, task job.Task, l letter) error {
			if task.Org == slow.org {
				most.Store(max(most.Load(), running.Add(1)))
				<-free
				running.Add(-1)
			}
			return nil
		}))
		deps.Poll = 20 * time.Millisecond
		slow.run(job.New(deps))
		for range 100 {
			if running.Load() == 2 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		quick.enqueue(s, order("quick"))
		quick.jobs(store.JobDone, 1)
		if slow.jobs(store.JobRunning, 2); most.Load() != 2 {
			t.Errorf("%d of one organisation ran at once", most.Load())
		}
		close(free)
		slow.jobs(store.JobDone, 20)
	})
}

// TestGroupsKeepTheirOrder has a first job that fails twice and others that
// wait for it, among eight workers.
func TestGroupsKeepTheirOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		for _, key := range []string{"1", "2", "3", "4"} {
			l := order(key)
			l.Group = "session"
			o.enqueue(s, l)
		}
		eight := letters
		eight.Workers = 8
		o.run(job.New(o.deps(job.Work(eight, func(_ context.Context, task job.Task, l letter) error {
			o.write(l.To)
			if l.To == "1" && task.Attempt < 3 {
				return errors.New("not yet")
			}
			return nil
		}))))
		o.jobs(store.JobDone, 4)
		if got := o.all(); !slices.Equal(got, []string{"1", "1", "1", "2", "3", "4"}) {
			t.Errorf("wrote %v", got)
		}
	})
}

// TestStopGivesJobsBack stops a runner in the middle of a job: another one does
// it at once, though the lease is a minute, and it costs no attempt.
func TestStopGivesJobsBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		began := make(chan struct{})
		o.enqueue(s, order("a"))
		stop := o.run(job.New(o.deps(job.Work(letters, func(ctx context.Context, _ job.Task, _ letter) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		}))))
		<-began
		stop()
		o.run(job.New(o.deps(job.Work(letters, func(_ context.Context, task job.Task, l letter) error {
			if task.Attempt != 1 {
				t.Errorf("attempt %d behind a stop, want 1", task.Attempt)
			}
			return nil
		}))))
		o.jobs(store.JobDone, 1)
	})
}

// TestLeaseIsRenewed runs a job for longer than its lease beside a second
// runner that would take it.
func TestLeaseIsRenewed(t *testing.T) {
	storetest.Twice(t, func(t *testing.T, a, b store.Store) {
		o := newOffice(t, a)
		o.enqueue(a, order("a"))
		worker := job.Work(letters, func(ctx context.Context, _ job.Task, l letter) error {
			o.write(l.To)
			time.Sleep(1200 * time.Millisecond)
			return ctx.Err()
		})
		for _, s := range []store.Store{a, b} {
			d := o.deps(worker)
			d.Store, d.Lease = s, 600*time.Millisecond
			o.run(job.New(d))
		}
		o.jobs(store.JobDone, 1)
		if n := len(o.all()); n != 1 {
			t.Errorf("the job ran %d times, want 1", n)
		}
	})
}

// TestLostRunLeavesNothing lets the lease of a run end, as that of a frozen
// process does. Its transaction is refused, the other one's kept.
func TestLostRunLeavesNothing(t *testing.T) {
	var ahead atomic.Int64 // what the store's clock is fast by
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		o.enqueue(s, order("a"))
		collect := func(ctx context.Context, task job.Task) error {
			return s.Update(ctx, o.org, func(tx store.Tx) error {
				if err := tx.Actions().Append(ctx, idem.Action{Person: "p", Type: idem.ActionPersonCreated}); err != nil {
					return err
				}
				return task.Finish(ctx, tx)
			})
		}
		taken, refused := make(chan struct{}), make(chan error, 1)
		o.run(job.New(o.deps(job.Work(letters, func(ctx context.Context, task job.Task, _ letter) error {
			if task.Attempt == 2 {
				defer close(taken)
				return collect(ctx, task)
			}
			ahead.Add(int64(2 * time.Minute))
			<-taken
			err := collect(ctx, task)
			refused <- err
			return err
		}))))
		if err := <-refused; !errors.Is(err, store.ErrJobLost) {
			t.Errorf("the run that lost its lease: %v", err)
		}
		o.jobs(store.JobDone, 1)
		if n := o.actions(); n != 1 {
			t.Errorf("%d actions of a job that ran twice, want 1", n)
		}
	}, storetest.WithClock(now))
}

func (o *office) actions() (n int) {
	o.Helper()
	err := o.store.View(o.Context(), o.org, func(tx store.Tx) error {
		list, err := tx.Actions().Chain(o.Context(), 0, 100)
		n = len(list)
		return err
	})
	if err != nil {
		o.Fatal(err)
	}
	return n
}

// claim leases a job for an hour, as a process does that then dies.
func (o *office) claim() (claimed []store.Job) {
	o.Helper()
	claimed, err := o.store.System().Queue().Claim(o.Context(), letters.Name, 1, time.Hour)
	if err != nil || len(claimed) != 1 {
		o.Fatalf("claimed %v, %v", claimed, err)
	}
	return claimed
}

// TestOnlyProcessTakesJobsOver: a process that is alone waits for no lease of a
// dead one, whose job it was costs an attempt, and whose group goes on in order.
func TestOnlyProcessTakesJobsOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		for _, key := range []string{"1", "2"} {
			l := order(key)
			l.Group = "session"
			o.enqueue(s, l)
		}
		dead := o.claim()[0]
		d := o.deps(job.Work(letters, func(_ context.Context, task job.Task, l letter) error {
			o.write(fmt.Sprintf("%s in attempt %d", l.To, task.Attempt))
			return nil
		}))
		d.Alone = true
		stop := o.run(job.New(d))
		o.jobs(store.JobDone, 2)
		stop()
		if got := o.all(); !slices.Equal(got, []string{"1 in attempt 2", "2 in attempt 1"}) {
			t.Errorf("wrote %q", got)
		}
		err := s.Update(t.Context(), o.org, func(tx store.Tx) error { return tx.Jobs().Finish(t.Context(), dead) })
		if !errors.Is(err, store.ErrJobLost) {
			t.Errorf("the end of the dead one's run: %v", err)
		}
	})
}

// TestLeasesOfOthersHold: one process of several takes nothing from the others.
func TestLeasesOfOthersHold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		o.enqueue(s, order("a"))
		other := o.claim()
		o.enqueue(s, order("b"))
		o.run(job.New(o.deps(job.Work(letters, func(_ context.Context, _ job.Task, l letter) error {
			o.write(l.To)
			return nil
		}))))
		o.jobs(store.JobDone, 1)
		if err := s.Update(t.Context(), o.org, func(tx store.Tx) error { return tx.Jobs().Finish(t.Context(), other[0]) }); err != nil {
			t.Errorf("the end of the other one's run: %v", err)
		}
		if got := o.all(); !slices.Equal(got, []string{"b"}) {
			t.Errorf("wrote %v", got)
		}
	})
}

// TestCrashingJobEndsAsDead leaves leases behind, as a job does that takes its
// process with it.
func TestCrashingJobEndsAsDead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		o.enqueue(s, order("a"))
		for range letters.Attempts {
			for claimed := 0; claimed == 0; {
				list, err := s.System().Queue().Claim(t.Context(), letters.Name, 1, time.Microsecond)
				if err != nil {
					t.Fatal(err)
				}
				claimed = len(list)
			}
		}
		o.run(job.New(o.deps(job.Work(letters, func(context.Context, job.Task, letter) error {
			t.Error("the job ran once more")
			return nil
		}))))
		if j := o.jobs(store.JobDead, 1)[0]; j.Fault != "JOB_ABANDONED" {
			t.Errorf("dead of %s", j.Fault)
		}
	})
}

// TestQueuingWakes uses a runner that polls once an hour.
func TestQueuingWakes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		d := o.deps(job.Work(letters, func(_ context.Context, _ job.Task, l letter) error { return nil }))
		d.Poll = time.Hour
		r := job.New(d)
		o.run(r)
		o.enqueue(r.Watch(s), order("a"))
		o.jobs(store.JobDone, 1)
		o.enqueue(r.Watch(s), order("b"))
		o.jobs(store.JobDone, 2)
	})
}

func TestReadings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		o.enqueue(s, order("a"), order("b"), job.Order[letter]{Key: "later", NotBefore: time.Now().Add(time.Hour)})
		began := make(chan struct{}, 2)
		one := letters
		one.Workers = 1
		d := o.deps(job.Work(one, func(ctx context.Context, _ job.Task, _ letter) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}))
		r := job.New(d)
		o.run(r)
		r2 := job.New(job.Deps{Store: s, Log: d.Log})
		o.run(r2)
		for r2.Reading("letter").Running == 0 {
			time.Sleep(time.Millisecond)
		}
		if got := r2.Reading("letter"); got.Queued != 2 || got.Running != 1 || got.Dead != 0 || got.Late <= 0 {
			t.Errorf("reading %+v", got)
		}
	})
}

// TestLimitEndsARun has a job that waits for its context alone.
func TestLimitEndsARun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		o := newOffice(t, s)
		o.enqueue(s, order("a"))
		short := job.Kind[letter]{Name: letters.Name, Attempts: 1, Limit: time.Millisecond}
		o.run(job.New(o.deps(job.Work(short, func(ctx context.Context, _ job.Task, _ letter) error {
			<-ctx.Done()
			return ctx.Err()
		}))))
		if j := o.jobs(store.JobDead, 1)[0]; j.Fault != "JOB_TIMEOUT" {
			t.Errorf("dead of %s", j.Fault)
		}
	})
}

func TestBackoff(t *testing.T) {
	exponential, schedule := job.Exponential(time.Second, 5*time.Second), job.Schedule(time.Second, time.Hour)
	for attempt, want := range map[int][2]time.Duration{1: {time.Second, time.Second}, 2: {2 * time.Second, time.Hour},
		3: {4 * time.Second, time.Hour}, 4: {5 * time.Second, time.Hour}, 4000: {5 * time.Second, time.Hour}} {
		if got := [2]time.Duration{exponential(attempt), schedule(attempt)}; got != want {
			t.Errorf("behind attempt %d: %v, want %v", attempt, got, want)
		}
	}
}
