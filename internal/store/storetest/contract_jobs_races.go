package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// testJobInsertRace lets two processes queue the same job.
func testJobInsertRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	var mu sync.Mutex
	taken := 0
	for _, err := range parallel(16, func(i int) error {
		var isNew bool
		err := stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) (err error) {
			isNew, err = tx.Jobs().Insert(t.Context(), store.Job{Kind: "mail", Key: "once"})
			return err
		})
		mu.Lock()
		defer mu.Unlock()
		if isNew {
			taken++
		}
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("%d of 16 queued the job, want 1", taken)
	}
	wantClaim(t, f, "once")
}

// raceLog is what the workers of a race saw.
type raceLog struct {
	mu      sync.Mutex
	claims  map[string]int
	running map[string]string // group to key
	last    map[string]string
	done    int
}

func (l *raceLog) begin(t *testing.T, j store.Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claims[j.Key]++; l.claims[j.Key] > 1 {
		t.Errorf("%s was claimed %d times", j.Key, l.claims[j.Key])
	}
	if other := l.running[j.Group]; j.Group != "" && other != "" {
		t.Errorf("%s and %s of one group run together", j.Key, other)
	}
	if j.Key < l.last[j.Group] {
		t.Errorf("%s runs out of turn", j.Key)
	}
	l.running[j.Group], l.last[j.Group] = j.Key, j.Key
}

func (l *raceLog) end(j store.Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running[j.Group] = ""
	l.done++
}

func (l *raceLog) finished() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

// testJobClaimRace lets two processes with four workers each do the jobs of
// two organisations: each job once, each group in order.
func testJobClaimRace(t *testing.T, f fixture) {
	const groups, each = 8, 6
	stores, orgs := []store.Store{f.Store, f.another(t)}, []idem.OrgID{f.org, NewOrganisation(t, f)}
	for i := range each {
		for g := range groups {
			name := fmt.Sprintf("%d.%d", g, i)
			insertJobs(t, f, orgs[g%2], store.Job{Kind: "mail", Key: name, Group: fmt.Sprint("group ", g)})
		}
	}
	l := &raceLog{claims: map[string]int{}, running: map[string]string{}, last: map[string]string{}}
	for _, err := range parallel(8, func(i int) error { return workOff(t, stores[i%2], l, groups*each) }) {
		if err != nil {
			t.Error(err)
		}
	}
	if len(l.claims) != groups*each {
		t.Errorf("%d jobs ran, want %d", len(l.claims), groups*each)
	}
}

// pause is what a worker without a job leaves to the other process: SQLite has
// no queue for writers, and one that never rests can keep the other out.
const pause = 2 * time.Millisecond

func workOff(t *testing.T, s store.Store, l *raceLog, all int) error {
	for l.finished() < all && t.Context().Err() == nil && !t.Failed() {
		claimed, err := s.System().Queue().Claim(t.Context(), "mail", 3, time.Minute)
		if err != nil {
			return err
		}
		if len(claimed) == 0 {
			time.Sleep(pause)
		}
		for _, j := range claimed {
			l.begin(t, j)
		}
		for _, j := range claimed {
			l.end(j) // before the next of the group can begin
			if err := s.Update(t.Context(), j.Org, func(tx store.Tx) error { return tx.Jobs().Finish(t.Context(), j) }); err != nil {
				return err
			}
		}
	}
	return nil
}
