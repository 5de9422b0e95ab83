package flow

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// Vault makes and destroys the data keys of sessions.
type Vault interface {
	NewKey(ctx context.Context, org idem.OrgID) (idem.DataKeyID, error)
	DestroyKey(ctx context.Context, org idem.OrgID, key idem.DataKeyID) error
}

// Blobs keeps pictures sealed under a session's data key.
type Blobs interface {
	Put(ctx context.Context, org idem.OrgID, key idem.DataKeyID, owner string, ref idem.BlobRef, plain []byte) error
	Get(ctx context.Context, org idem.OrgID, owner string, ref idem.BlobRef) ([]byte, error)
	Delete(ctx context.Context, org idem.OrgID, ref idem.BlobRef) error
}

// Keys makes and shows the keys of flows.
type Keys interface {
	// IssueFlowKey stores a fresh key that can be shown again, and returns it
	// with its secret.
	IssueFlowKey(ctx context.Context, tx store.Tx, who idem.Actor, name string) (idem.Credential, string, error)
	// ReplaceFlowKey does so and revokes the key that there was.
	ReplaceFlowKey(ctx context.Context, tx store.Tx, who idem.Actor, old idem.CredentialID, name string) (idem.Credential, string, error)
}

// Deps is what the use case works with. Emit and Log may be nil.
type Deps struct {
	Store        store.Store
	Registry     *registry.Registry
	Vault        Vault
	Blobs        Blobs
	Pictures     registry.Pictures
	Keys         Keys
	Technologies []tech.Technology
	Runner       *run.Runner // that this use case shares with others
	IDs          idem.IDs
	Locales      []string // that sessions may be opened with
	// Emit tells others of an event, in the transaction that it belongs to.
	Emit func(ctx context.Context, tx store.Tx, e Event) error
	Log  *slog.Logger
	// Account is the operating system's account of this process, recorded where
	// neither a credential nor an operator acts.
	Account string
}

// Flows is the use case. It is safe for concurrent use.
type Flows struct {
	Deps
	techs map[idem.TechCode]tech.Technology
	shown shown
}

// New returns the use case over its ports.
func New(d Deps) *Flows {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Emit == nil {
		d.Emit = func(context.Context, store.Tx, Event) error { return nil }
	}
	f := &Flows{Deps: d, techs: map[idem.TechCode]tech.Technology{}, shown: newShown()}
	for _, t := range d.Technologies {
		f.techs[t.Code()] = t
	}
	return f
}

// newSessionID is random and tells nothing of its time: it is a capability.
func newSessionID() idem.SessionID { return idem.SessionID(uuid.NewString()) }

// Event is something that a flow's receivers are told of.
type Event struct {
	Name       idem.EventName
	Session    *idem.Session    // as the transaction leaves it
	Step       int              // of technology events
	Collection *idem.Collection // of person events
}

// emit tells of events unless the session is a demonstration.
func (f *Flows) emit(ctx context.Context, tx store.Tx, s *idem.Session, events ...Event) error {
	if s.Demo {
		return nil
	}
	for _, e := range events {
		e.Session = s
		if err := f.Emit(ctx, tx, e); err != nil {
			return fmt.Errorf("tell of %s: %w", e.Name, err)
		}
	}
	return nil
}
