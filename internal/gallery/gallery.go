package gallery

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Model names the recogniser whose templates a gallery compares. Templates of
// other models are refused, and logs of other models are never searched.
type Model struct {
	ID    string // names the log in the store
	Short uint32 // the model id inside every template
	Dim   int    // dimensions of every template
}

// Options bound the protocol. Zero fields take the defaults.
type Options struct {
	// Lease is how long a pending entry is safe from being withdrawn by others
	// without a renewal; 10 s by default.
	Lease time.Duration
	// WaitLimit bounds the waiting of one search for earlier pending entries;
	// 15 s by default.
	WaitLimit time.Duration
	// Page is the number of log rows that a follower reads per transaction;
	// 2000 by default.
	Page int
	// PollMin and PollMax bound the pause between two looks at the log while a
	// search waits; 2 ms and 50 ms by default.
	PollMin, PollMax time.Duration
	// KeyOf names the data key that a sealed value was made with. With it and
	// a sealer that is a Preloader, a follower fetches keys by the page; nil
	// leaves it to the sealer to fetch them one by one.
	KeyOf func(sealed []byte) (idem.DataKeyID, bool)
	// Snapshots, when they are given and the index is a Snapshotter, let a
	// start go on where an earlier process stopped.
	Snapshots *Snapshots
}

func (o Options) withDefaults() Options {
	o.Lease = orDefault(o.Lease, 10*time.Second)
	o.WaitLimit = orDefault(o.WaitLimit, 15*time.Second)
	o.Page = orDefault(o.Page, 2000)
	o.PollMin = orDefault(o.PollMin, 2*time.Millisecond)
	o.PollMax = max(o.PollMin, orDefault(o.PollMax, 50*time.Millisecond))
	return o
}

func orDefault[N int | time.Duration](value, fallback N) N {
	if value > 0 {
		return value
	}
	return fallback
}

// Gallery runs the protocol for the logs of one template model, one log per
// organisation. It is safe for concurrent use. Several processes may work on
// one database.
type Gallery struct {
	store  store.Store
	sealer store.Sealer
	index  Index
	model  Model
	opt    Options
	count  counters

	saving sync.Mutex // one snapshot at a time

	loaded    atomic.Bool // CatchUp has visited every organisation once
	alone     atomic.Bool // it has ended the snapshots of strangers
	mu        sync.Mutex
	followers map[idem.OrgID]*follower
}

// New returns the gallery service of one model. It reads nothing yet: call
// CatchUp before answering requests.
func New(s store.Store, sealer store.Sealer, index Index, model Model, o Options) *Gallery {
	return &Gallery{
		store: s, sealer: sealer, index: index, model: model, opt: o.withDefaults(),
		followers: map[idem.OrgID]*follower{},
	}
}

// Model returns the model that the gallery was made for.
func (g *Gallery) Model() Model { return g.model }

func (g *Gallery) follower(org idem.OrgID) *follower {
	g.mu.Lock()
	defer g.mu.Unlock()
	f, ok := g.followers[org]
	if !ok {
		f = newFollower(g, Log{Org: org, Model: g.model.ID})
		g.followers[org] = f
	}
	return f
}

func (g *Gallery) all() []*follower {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]*follower, 0, len(g.followers))
	for _, f := range g.followers {
		out = append(out, f)
	}
	return out
}
