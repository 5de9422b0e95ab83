package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Opening describes a session to be opened.
type Opening struct {
	Metadata []byte // a JSON object, nil for none
	Locale   string // of Deps.Locales, or empty
}

// Open makes a session of the flow whose key the principal showed. Errors:
// idem.ErrFlowDeleted, idem.ErrMetadata, and idem.ErrSubscriptionRequired with
// every technology that has none. also shares the transaction.
func (f *Flows) Open(ctx context.Context, p idem.Principal, o Opening, also ...store.Also[idem.Session]) (idem.Session, error) {
	if err := p.Require(idem.SessionsOpen); err != nil {
		return idem.Session{}, err
	}
	return f.open(ctx, p.Org, o, func(tx store.Tx, key idem.DataKeyID) (idem.Session, error) {
		of, err := tx.Flows().ByKey(ctx, p.Actor.Credential)
		if err != nil {
			return idem.Session{}, err
		}
		s, err := of.Open(newSessionID(), key, tx.Now())
		if err != nil {
			return s, err
		}
		return s, affordable(ctx, tx, of.Technologies)
	}, also...)
}

// Demo makes a demonstration of a flow: it spends nothing, makes no person and
// tells nobody.
func (f *Flows) Demo(ctx context.Context, p idem.Principal, id idem.FlowID) (idem.Session, error) {
	if err := p.Require(idem.FlowsRead); err != nil {
		return idem.Session{}, err
	}
	return f.open(ctx, p.Org, Opening{}, func(tx store.Tx, key idem.DataKeyID) (idem.Session, error) {
		of, err := tx.Flows().Get(ctx, id)
		if err != nil {
			return idem.Session{}, err
		}
		s, err := of.Open(newSessionID(), key, tx.Now())
		s.Demo = true
		return s, err
	})
}

func (f *Flows) open(ctx context.Context, org idem.OrgID, o Opening, begin func(store.Tx, idem.DataKeyID) (idem.Session, error), also ...store.Also[idem.Session]) (idem.Session, error) {
	if err := o.check(f.Locales); err != nil {
		return idem.Session{}, err
	}
	key, err := f.Vault.NewKey(ctx, org)
	if err != nil {
		return idem.Session{}, fmt.Errorf("make data key: %w", err)
	}
	var s idem.Session
	err = f.Store.Update(ctx, org, func(tx store.Tx) (err error) {
		if s, err = begin(tx, key); err != nil {
			return err
		}
		s.Metadata, s.Locale = o.Metadata, o.Locale
		if err := tx.Sessions().Insert(ctx, s); err != nil {
			return err
		}
		return store.RunAlso(ctx, tx, s, also)
	})
	if err == nil {
		return s, nil
	}
	if idem.KindOf(err) != idem.Unavailable && idem.KindOf(err) != idem.Internal { // nothing was written for certain
		err = errors.Join(err, f.Vault.DestroyKey(context.WithoutCancel(ctx), org, key))
	}
	return idem.Session{}, err
}

// Result returns a session of the flow whose key the principal showed, with
// what its steps found; idem.ErrSessionNotFound for that of another flow,
// idem.ErrErased.
func (f *Flows) Result(ctx context.Context, p idem.Principal, id idem.SessionID) (s idem.Session, err error) {
	if err := p.Require(idem.SessionsOpen); err != nil {
		return s, err
	}
	err = f.Store.View(ctx, p.Org, func(tx store.Tx) error {
		of, err := tx.Flows().ByKey(ctx, p.Actor.Credential)
		if err != nil {
			return err
		}
		s, err = tx.Sessions().Get(ctx, id)
		switch {
		case err != nil:
			return err
		case s.Flow != of.ID:
			return idem.ErrSessionNotFound
		case !s.ErasedAt.IsZero():
			return idem.ErrErased
		}
		return nil
	})
	if err != nil {
		return idem.Session{}, err
	}
	return s, nil
}

// Session returns a session with what its steps found. It needs sessions.read.
func (f *Flows) Session(ctx context.Context, p idem.Principal, id idem.SessionID) (s idem.Session, err error) {
	if err := p.Require(idem.SessionsRead); err != nil {
		return s, err
	}
	err = f.Store.View(ctx, p.Org, func(tx store.Tx) error {
		s, err = tx.Sessions().Get(ctx, id)
		return err
	})
	return s, err
}

// Sessions lists sessions newest first, without what their steps found. It
// needs sessions.read.
func (f *Flows) Sessions(ctx context.Context, p idem.Principal, q store.SessionQuery, page store.Page) (list []idem.Session, next string, err error) {
	if err := p.Require(idem.SessionsRead); err != nil {
		return nil, "", err
	}
	err = f.Store.View(ctx, p.Org, func(tx store.Tx) error {
		list, next, err = tx.Sessions().List(ctx, q, page)
		return err
	})
	return list, next, err
}
