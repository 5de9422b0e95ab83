package job

import (
	"context"
	"sync"
	"time"

	"github.com/idem-id/idem/internal/store"
)

// Reading is how many jobs of a kind there are in the whole instance.
type Reading struct {
	Queued, Running, Dead int64
	// Late is how long the oldest due job has waited for a place.
	Late time.Duration
}

// statsEvery is how old readings may be: counting costs what it counts.
const statsEvery = 5 * time.Second

type stats struct {
	mu    sync.Mutex
	kinds map[string]Reading
}

// Kinds lists the kinds that have a worker.
func (r *Runner) Kinds() (names []string) {
	for _, l := range r.lanes {
		names = append(names, l.kind)
	}
	return names
}

// Reading returns the newest numbers of a kind, a few seconds old.
func (r *Runner) Reading(kind string) Reading {
	r.stats.mu.Lock()
	defer r.stats.mu.Unlock()
	return r.stats.kinds[kind]
}

func (r *Runner) keepStats(ctx context.Context) error {
	tick := time.NewTicker(statsEvery)
	defer tick.Stop()
	for {
		if err := r.count(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("jobs cannot be counted", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (r *Runner) count(ctx context.Context) error {
	counts, err := r.queue.Count(ctx)
	if err != nil {
		return err
	}
	kinds := map[string]Reading{}
	for _, c := range counts {
		kinds[c.Kind] = kinds[c.Kind].with(c, r.now())
	}
	r.stats.mu.Lock()
	defer r.stats.mu.Unlock()
	r.stats.kinds = kinds
	return nil
}

func (k Reading) with(c store.JobCount, now time.Time) Reading {
	switch c.State {
	case store.JobQueued:
		k.Queued, k.Late = c.Jobs, max(0, now.Sub(c.Oldest))
	case store.JobRunning:
		k.Running = c.Jobs
	case store.JobDead:
		k.Dead = c.Jobs
	}
	return k
}
