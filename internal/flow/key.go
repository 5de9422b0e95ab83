package flow

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

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
	var to showing
	known := false
	show := func(tx store.Tx) error {
		found, err := tx.Flows().Get(ctx, id)
		if err != nil {
			return err
		}
		to = showing{p.Actor, found.Key}
		known = f.shown.lately(to, tx.Now())
		key, err = tx.Credentials().Reveal(ctx, found.Key)
		return err
	}
	err = f.Store.View(ctx, p.Org, show)
	if err == nil && !known {
		err = f.reveal(ctx, p, id, &to, show)
	}
	if err != nil {
		return "", err
	}
	return key, nil
}

// RotateKey gives a flow a new key and returns it; the old one opens and reads
// nothing any more. It needs flows.manage and sessions.open.
func (f *Flows) RotateKey(ctx context.Context, p idem.Principal, id idem.FlowID) (secret string, err error) {
	if err := mayShowKeys(p); err != nil {
		return "", err
	}
	var now idem.Flow
	var at time.Time
	err = f.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		found, err := tx.Flows().GetForUpdate(ctx, id)
		if err != nil {
			return err
		}
		key, drawn, err := f.Keys.ReplaceFlowKey(ctx, tx, p.Actor, found.Key, found.Name)
		if err != nil {
			return err
		}
		now, secret, at = found, drawn, tx.Now()
		now.Key = key.ID
		if err := tx.Flows().Save(ctx, now); err != nil {
			return err
		}
		return f.record(ctx, tx, p.Actor, idem.ActionFlowChanged, map[string]any{"flow": id, "key": map[string]any{"old": found.Key, "new": key.ID}})
	})
	if err != nil {
		return "", fmt.Errorf("rotate key of flow: %w", err)
	}
	f.shown.note(showing{p.Actor, now.Key}, at)
	return secret, nil
}

// reveal shows a key and records it.
func (f *Flows) reveal(ctx context.Context, p idem.Principal, id idem.FlowID, to *showing, show func(store.Tx) error) error {
	var at time.Time
	err := f.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		if err := show(tx); err != nil {
			return err
		}
		at = tx.Now()
		return f.record(ctx, tx, p.Actor, idem.ActionKeyRevealed, map[string]any{"flow": id, "key": to.key, "kind": idem.CredentialFlow})
	})
	if err == nil {
		f.shown.note(*to, at)
	}
	return err
}

// showing is a key that somebody saw.
type showing struct {
	who idem.Actor
	key idem.CredentialID
}

// shown remembers who saw which key when, as far as it was recorded.
type shown struct {
	at *lru.Cache[showing, time.Time]
}

// onceIn is for how long one entry stands, mostShown how many are remembered.
const (
	onceIn    = time.Hour
	mostShown = 10_000
)

func newShown() shown {
	at, err := lru.New[showing, time.Time](mostShown)
	if err != nil {
		panic(err) // only for a size below one
	}
	return shown{at}
}

func (s shown) lately(what showing, now time.Time) bool {
	at, ok := s.at.Get(what)
	return ok && now.Sub(at) < onceIn
}

func (s shown) note(what showing, at time.Time) { s.at.Add(what, at) }
