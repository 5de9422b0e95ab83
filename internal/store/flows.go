package store

import (
	"context"
	"time"

	"github.com/idem-id/idem"
)

// Flows keeps what sessions are opened of.
type Flows interface {
	// Insert refuses a second live flow of the same name with idem.ErrFlowName.
	Insert(ctx context.Context, f idem.Flow) error
	// Get returns deleted flows as well; idem.ErrFlowNotFound for what the
	// organisation does not have.
	Get(ctx context.Context, id idem.FlowID) (idem.Flow, error)
	// GetForUpdate is Get with the flow locked until the transaction ends.
	GetForUpdate(ctx context.Context, id idem.FlowID) (idem.Flow, error)
	// ByKey returns the flow that the credential opens, as Get does.
	ByKey(ctx context.Context, key idem.CredentialID) (idem.Flow, error)
	// Save writes name, config, limits, key and deletion of a flow read by
	// GetForUpdate.
	Save(ctx context.Context, f idem.Flow) error
	// List returns the flows that are not deleted, oldest first.
	List(ctx context.Context) ([]idem.Flow, error)
}

// Sessions keeps runs of flows with their steps. Metadata, visits, memos and results
// are sealed under the session's own data key; once that is destroyed they are
// nil.
type Sessions interface {
	Insert(ctx context.Context, s idem.Session) error
	// Get returns idem.ErrSessionNotFound for what the organisation does not
	// have.
	Get(ctx context.Context, id idem.SessionID) (idem.Session, error)
	// GetForUpdate is Get with the session locked until the transaction ends.
	GetForUpdate(ctx context.Context, id idem.SessionID) (idem.Session, error)
	// Save writes state, person, visits, failure and times of a session read by
	// GetForUpdate, and all of its steps.
	Save(ctx context.Context, s idem.Session) error
	// List returns sessions newest first, without metadata, visits, memos and
	// results.
	List(ctx context.Context, q SessionQuery, page Page) ([]idem.Session, string, error)
	// Link joins a person and a session; of a pair that is joined already it
	// changes role and time.
	Link(ctx context.Context, l idem.SessionLink) error
	// Links returns the sessions of a person, newest link first.
	Links(ctx context.Context, person idem.PersonID) ([]idem.SessionLink, error)
	// LinkedTo returns the persons that a session is joined with.
	LinkedTo(ctx context.Context, id idem.SessionID) ([]idem.PersonID, error)
	// Erase writes the time of erasure of a session read by GetForUpdate and
	// removes all that is sealed of it, with its events, and whom it named.
	Erase(ctx context.Context, s idem.Session) error
	// CountLinks returns how many sessions each person is joined with.
	CountLinks(ctx context.Context, persons ...idem.PersonID) (map[idem.PersonID]int, error)
}

// SessionQuery narrows a list; zero fields do not narrow.
type SessionQuery struct {
	Flow     idem.FlowID
	State    idem.SessionState
	Person   idem.PersonID
	From, To time.Time // of opening; inclusive, exclusive
}

// Collections keeps what became of each ended session: at most one row each.
type Collections interface {
	// Insert adds the row of a session; ErrDuplicateRow when it has one.
	Insert(ctx context.Context, c idem.Collection) error
	// Get returns idem.ErrSessionNotFound when the session has no row.
	Get(ctx context.Context, id idem.SessionID) (idem.Collection, error)
	// GetForUpdate is Get with the row locked until the transaction ends.
	GetForUpdate(ctx context.Context, id idem.SessionID) (idem.Collection, error)
	// Save writes everything but the creation of a row read by GetForUpdate.
	Save(ctx context.Context, c idem.Collection) error
	// List returns rows of a state, or all for "", newest first.
	List(ctx context.Context, state idem.CollectionState, page Page) ([]idem.Collection, string, error)
}
