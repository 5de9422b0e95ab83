package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// at opens one more store whose time is the clock's.
func (f fixture) at(t *testing.T, c *clock) store.Store {
	return f.open(t, Config{Sealer: f.keys, Now: c.Now})
}

func insertJobs(t *testing.T, s store.Store, org idem.OrgID, list ...store.Job) {
	t.Helper()
	update(t, s, org, func(tx store.Tx) error {
		for _, j := range list {
			if isNew, err := tx.Jobs().Insert(t.Context(), j); err != nil || !isNew {
				return fmt.Errorf("insert %s: new %v: %w", j.Key, isNew, err)
			}
		}
		return nil
	})
}

func claimJobs(t *testing.T, s store.Store, kind string, limit int) []store.Job {
	t.Helper()
	claimed, err := s.System().Queue().Claim(t.Context(), kind, limit, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func keysOf(list []store.Job) (keys []string) {
	for _, j := range list {
		keys = append(keys, j.Key)
	}
	return keys
}

func wantClaim(t *testing.T, s store.Store, keys ...string) []store.Job {
	t.Helper()
	claimed := claimJobs(t, s, "mail", 10)
	if got := keysOf(claimed); !slices.Equal(got, keys) {
		t.Errorf("claimed %v, want %v", got, keys)
	}
	return claimed
}

func listJobs(t *testing.T, s store.Store, org idem.OrgID, state store.JobState) (found []store.Job) {
	t.Helper()
	view(t, s, org, func(tx store.Tx) (err error) {
		found, _, err = tx.Jobs().List(t.Context(), state, "", store.Page{Limit: 100})
		return err
	})
	return found
}

func finish(t *testing.T, s store.Store, j store.Job) {
	t.Helper()
	update(t, s, j.Org, func(tx store.Tx) error { return tx.Jobs().Finish(t.Context(), j) })
}

func testJobs(t *testing.T, f fixture) {
	c := newClock()
	s, begun := f.at(t, c), c.Now()
	insertJobs(t, s, f.org, store.Job{Kind: "mail", Key: "a", Args: []byte("first")}, store.Job{Kind: "letter", Key: "a"},
		store.Job{Kind: "mail", Key: "later", DueAt: begun.Add(time.Hour)})
	update(t, s, f.org, func(tx store.Tx) error {
		isNew, err := tx.Jobs().Insert(t.Context(), store.Job{Kind: "mail", Key: "a", Args: []byte("second")})
		if isNew {
			t.Error("the same job was queued twice")
		}
		return err
	})
	got := wantClaim(t, s, "a")[0]
	expected := store.Job{Org: f.org, Kind: "mail", Key: "a", Args: []byte("first"), State: store.JobRunning, Attempts: 1, Epoch: 1,
		DueAt: begun.Add(time.Minute), CreatedAt: begun}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("a claimed job differs (-want +got):\n%s", diff)
	}
	finish(t, s, got)
	want(t, s.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Jobs().Finish(t.Context(), got) }), store.ErrJobLost)
	expected.State, expected.Args, expected.EndedAt = store.JobDone, nil, begun
	if diff := cmp.Diff([]store.Job{expected}, listJobs(t, s, f.org, store.JobDone)); diff != "" {
		t.Errorf("a done job differs (-want +got):\n%s", diff)
	}
	wantClaim(t, s)
	c.advance(time.Hour)
	wantClaim(t, s, "later")
	if n, err := s.System().ExpireJobs(t.Context(), begun.Add(time.Second)); n != 1 || err != nil {
		t.Errorf("%d jobs expired, %v; want 1", n, err)
	}
}

// testJobTransaction: a job is as lasting as the transaction that made it, and
// the change that a job makes is as lasting as its end.
func testJobTransaction(t *testing.T, f fixture) {
	undo := errors.New("undo")
	err := f.Update(t.Context(), f.org, func(tx store.Tx) error {
		_, err := tx.Jobs().Insert(t.Context(), store.Job{Kind: "mail", Key: "undone"})
		return errors.Join(err, undo)
	})
	want(t, err, undo)
	wantClaim(t, f)
	insertJobs(t, f, f.org, store.Job{Kind: "mail", Key: "a"})
	j := wantClaim(t, f, "a")[0]
	stale := j
	stale.Epoch--
	p := person()
	err = f.Update(t.Context(), f.org, func(tx store.Tx) error {
		return errors.Join(tx.Persons().Insert(t.Context(), p), tx.Jobs().Finish(t.Context(), stale))
	})
	want(t, err, store.ErrJobLost)
	if n := countPersons(t, f, f.org); n != 0 {
		t.Errorf("a run that had lost its lease left %d persons", n)
	}
}

func testJobLease(t *testing.T, f fixture) {
	c := newClock()
	s := f.at(t, c)
	queue := s.System().Queue()
	insertJobs(t, s, f.org, store.Job{Kind: "mail", Key: "a"})
	first := wantClaim(t, s, "a")[0]
	c.advance(50 * time.Second)
	want(t, queue.Renew(t.Context(), first, time.Minute), nil)
	c.advance(50 * time.Second)
	wantClaim(t, s)
	c.advance(10 * time.Second) // whoever held it is gone
	second := wantClaim(t, s, "a")[0]
	if second.Attempts != 2 || second.Epoch != 2 {
		t.Errorf("the second claim has attempt %d of epoch %d", second.Attempts, second.Epoch)
	}
	for name, err := range map[string]error{
		"renew": queue.Renew(t.Context(), first, time.Minute), "retry": queue.Retry(t.Context(), first, c.Now(), ""),
		"bury": queue.Bury(t.Context(), first, ""), "release": queue.Release(t.Context(), first),
	} {
		if !errors.Is(err, store.ErrJobLost) {
			t.Errorf("%s by the first holder: %v", name, err)
		}
	}
	want(t, queue.Release(t.Context(), second), nil)
	if third := wantClaim(t, s, "a")[0]; third.Attempts != 2 || third.Epoch != 3 {
		t.Errorf("a released job was claimed as attempt %d of epoch %d", third.Attempts, third.Epoch)
	}
}

func testJobGroups(t *testing.T, f fixture) {
	c := newClock()
	s := f.at(t, c)
	queue := s.System().Queue()
	for _, key := range []string{"1", "2", "3"} {
		insertJobs(t, s, f.org, store.Job{Kind: "mail", Key: key, Group: "g"})
	}
	insertJobs(t, s, NewOrganisation(t, s), store.Job{Kind: "mail", Key: "elsewhere", Group: "g"})
	claimed := wantClaim(t, s, "1", "elsewhere")
	finish(t, s, claimed[1])
	first := claimed[0]
	wantClaim(t, s)
	want(t, queue.Retry(t.Context(), first, c.Now().Add(time.Hour), "REFUSED"), nil)
	wantClaim(t, s)
	c.advance(time.Hour)
	first = claimJobs(t, s, "mail", 1)[0]
	if first.Key != "1" || first.Fault != "REFUSED" {
		t.Errorf("behind a retry %s of fault %q was claimed, want the first", first.Key, first.Fault)
	}
	want(t, queue.Bury(t.Context(), first, "HOPELESS"), nil)
	second := wantClaim(t, s, "2")[0]
	update(t, s, f.org, func(tx store.Tx) error { return tx.Jobs().Rerun(t.Context(), first.Kind, first.Key) })
	wantClaim(t, s) // the group is busy with the second
	finish(t, s, second)
	finish(t, s, wantClaim(t, s, "1")[0])
	wantClaim(t, s, "3")
}

func testJobsByHand(t *testing.T, f fixture) {
	insertJobs(t, f, f.org, store.Job{Kind: "mail", Key: "a", Args: []byte("x")}, store.Job{Kind: "mail", Key: "b"}, store.Job{Kind: "mail", Key: "c"})
	claimed := wantClaim(t, f, "a", "b", "c")
	queue, byHand := f.System().Queue(), func(f func(store.Jobs) error) func(store.Tx) error {
		return func(tx store.Tx) error { return f(tx.Jobs()) }
	}
	rerun := byHand(func(jobs store.Jobs) error { return jobs.Rerun(t.Context(), "mail", "a") })
	discard := byHand(func(jobs store.Jobs) error { return jobs.Discard(t.Context(), "mail", "b") })
	want(t, f.Update(t.Context(), f.org, rerun), store.ErrJobNotFound) // it runs
	want(t, queue.Bury(t.Context(), claimed[0], "HOPELESS"), nil)
	want(t, queue.Bury(t.Context(), claimed[1], "HOPELESS"), nil)
	elsewhere := NewOrganisation(t, f)
	want(t, f.Update(t.Context(), elsewhere, rerun), store.ErrJobNotFound)
	want(t, f.Update(t.Context(), elsewhere, discard), store.ErrJobNotFound)
	if foreign := listJobs(t, f, elsewhere, ""); len(foreign) != 0 {
		t.Errorf("another organisation sees %v", keysOf(foreign))
	}
	checkCounts(t, f, map[store.JobState]int64{store.JobDead: 2, store.JobRunning: 1})
	update(t, f, f.org, discard)
	want(t, f.Update(t.Context(), f.org, discard), store.ErrJobNotFound)
	update(t, f, f.org, rerun)
	again := wantClaim(t, f, "a")[0]
	if again.Attempts != 1 || string(again.Args) != "x" {
		t.Errorf("a job queued by hand ran as attempt %d with %q", again.Attempts, again.Args)
	}
	checkCounts(t, f, map[store.JobState]int64{store.JobRunning: 2})
	if got := keysOf(listJobs(t, f, f.org, "")); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("listed %v", got)
	}
}

func checkCounts(t *testing.T, s store.Store, expected map[store.JobState]int64) {
	t.Helper()
	counts, err := s.System().Queue().Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[store.JobState]int64{}
	for _, c := range counts {
		got[c.State] += c.Jobs
		if c.Kind != "mail" || c.Oldest.IsZero() {
			t.Errorf("count %+v", c)
		}
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("counts differ (-want +got):\n%s", diff)
	}
}

// testJobKeys: a job whose arguments cannot be opened says so and keeps no
// other from running.
func testJobKeys(t *testing.T, f fixture) {
	elsewhere := NewOrganisation(t, f)
	insertJobs(t, f, f.org, store.Job{Kind: "mail", Key: "erased", Args: []byte("x")})
	insertJobs(t, f, elsewhere, store.Job{Kind: "mail", Key: "fine", Args: []byte("x")})
	key, err := f.keys.OrgKey(t.Context(), f.org)
	if err != nil {
		t.Fatal(err)
	}
	f.keys.Destroy(key)
	claimed := wantClaim(t, f, "erased", "fine")
	want(t, claimed[0].Broken, idem.ErrErased)
	if claimed[1].Broken != nil || string(claimed[1].Args) != "x" {
		t.Errorf("the other job has %q, %v", claimed[1].Args, claimed[1].Broken)
	}
}

func testJobPages(t *testing.T, f fixture) {
	for i := range 5 {
		insertJobs(t, f, f.org, store.Job{Kind: "mail", Key: fmt.Sprint(i)})
	}
	view(t, f, f.org, func(tx store.Tx) error {
		var seen []string
		page := store.Page{Limit: 2}
		for {
			found, next, err := tx.Jobs().List(t.Context(), store.JobQueued, "mail", page)
			if err != nil {
				return err
			}
			if seen = append(seen, keysOf(found)...); next == "" {
				break
			}
			page.After = next
		}
		if !slices.Equal(seen, []string{"4", "3", "2", "1", "0"}) {
			t.Errorf("pages show %v", seen)
		}
		_, _, err := tx.Jobs().List(t.Context(), "", "", store.Page{Limit: 1, After: "?"})
		want(t, err, store.ErrCursor)
		_, _, err = tx.Jobs().List(t.Context(), "", "", store.Page{})
		want(t, err, store.ErrPageSize)
		return nil
	})
}
