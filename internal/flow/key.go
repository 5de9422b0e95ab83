package flow

import (
	"context"
	"sync"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// mayShowKeys refuses who would get more by the key of a flow, which reads the
// results of its sessions, than they have.
func mayShowKeys(p idem.Principal) error {
	if err := p.Require(idem.FlowsManage); err != nil {
		return err
	}
	return p.Require(idem.SessionsOpen)
}

// Key shows the key of a flow. It needs flows.manage and sessions.open, and is
// recorded, for the same principal at most once an hour: flows are listed with
// their keys.
func (f *Flows) Key(ctx context.Context, p idem.Principal, id idem.FlowID) (key string, err error) {
	if err := mayShowKeys(p); err != nil {
		return "", err
	}
	to := showing{p.Actor, id}
	known := false
	show := func(tx store.Tx) error {
		found, err := tx.Flows().Get(ctx, id)
		if err != nil {
			return err
		}
		known = f.shown.lately(to, tx.Now())
		key, err = tx.Credentials().Reveal(ctx, found.Key)
		return err
	}
	err = f.Store.View(ctx, p.Org, show)
	if err == nil && !known {
		err = f.reveal(ctx, p, to, show)
	}
	if err != nil {
		return "", err
	}
	return key, nil
}

// reveal shows a key and records it.
func (f *Flows) reveal(ctx context.Context, p idem.Principal, to showing, show func(store.Tx) error) error {
	var at time.Time
	err := f.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		if err := show(tx); err != nil {
			return err
		}
		at = tx.Now()
		return f.record(ctx, tx, p.Actor, idem.ActionKeyRevealed, map[string]any{"flow": to.flow, "kind": idem.CredentialFlow})
	})
	if err == nil {
		f.shown.note(to, at)
	}
	return err
}

// showing is a key that somebody saw.
type showing struct {
	who  idem.Actor
	flow idem.FlowID
}

// shown remembers what was recorded in the last hour.
type shown struct {
	mu sync.Mutex
	at map[showing]time.Time
}

// onceIn is for how long one entry stands, mostShown how many are remembered.
const (
	onceIn    = time.Hour
	mostShown = 10_000
)

func (s *shown) lately(what showing, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.at[what]
	return ok && now.Sub(at) < onceIn
}

func (s *shown) note(what showing, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil || len(s.at) >= mostShown {
		s.at = map[showing]time.Time{}
	}
	s.at[what] = at
}
