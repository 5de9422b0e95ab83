package job

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// lane is a worker with its places.
type lane struct {
	Worker
	places chan struct{} // one per running job
	wake   chan struct{}

	mu      sync.Mutex
	running map[idem.OrgID]int
}

func newLane(w Worker) *lane {
	return &lane{Worker: w, places: make(chan struct{}, w.workers), wake: make(chan struct{}, 1), running: map[idem.OrgID]int{}}
}

// look has the lane look for jobs now.
func (l *lane) look() {
	select {
	case l.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// take waits for a place and takes all that are free.
func (l *lane) take(ctx context.Context) (free int) {
	select {
	case l.places <- struct{}{}:
		free++
	case <-ctx.Done():
		return 0
	}
	for {
		select {
		case l.places <- struct{}{}:
			free++
		default:
			return free
		}
	}
}

func (l *lane) leave(places int) {
	for range places {
		<-l.places
	}
}

// room says how many jobs may be claimed for the free places, and the
// organisations that get no more now. Whoever the jobs belong to, none gets
// more than its share.
func (l *lane) room(free int) (limit int, full []idem.OrgID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit = min(free, l.perOrg)
	for _, org := range slices.Sorted(maps.Keys(l.running)) {
		if n := l.running[org]; n >= l.perOrg {
			full = append(full, org)
		} else {
			limit = min(limit, l.perOrg-n)
		}
	}
	return limit, full
}

func (l *lane) begin(jobs []store.Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range jobs {
		l.running[j.Org]++
	}
}

// end gives the place of a job back. An organisation that had its whole share
// may have been passed over meanwhile.
func (l *lane) end(j store.Job) {
	l.mu.Lock()
	was := l.running[j.Org]
	if l.running[j.Org]--; was == 1 {
		delete(l.running, j.Org)
	}
	l.mu.Unlock()
	l.leave(1)
	if was >= l.perOrg {
		l.look()
	}
}
