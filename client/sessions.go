package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// The states of sessions. The last three are final.
const (
	SessionNew      = "NEW"
	SessionProgress = "PROGRESS"
	SessionFinished = "FINISHED"
	SessionFailed   = "FAILED"
	SessionExpired  = "EXPIRED"
)

// Session is one run of a flow, without what its steps found.
type Session struct {
	ID        string        `json:"id"` // for ForSession
	FlowID    string        `json:"flow_id"`
	FlowName  string        `json:"flow_name"` // when it was opened
	Status    string        `json:"status"`
	Demo      bool          `json:"is_demo"`
	Steps     []SessionStep `json:"steps"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at"`
	EndedAt   *time.Time    `json:"ended_at"`  // nil while it runs
	ErasedAt  *time.Time    `json:"erased_at"` // nil unless the data were destroyed
}

// SessionStep is where one technology of a session stands.
type SessionStep struct {
	Technology string  `json:"technology"`
	State      string  `json:"state"`                  // PENDING, ACTIVE, PASSED, FAILED, SKIPPED
	Attempts   int     `json:"attempts"`               // answers taken so far
	CopiedFrom *string `json:"copied_from_session_id"` // nil for a result of its own
}

// SessionDetail is a session with what its steps found. Pictures are there only
// with the permission pictures.read.
type SessionDetail struct {
	Session
	Result FlowResult `json:"result"`
}

// SessionsQuery narrows a list of sessions; zero fields do not narrow.
type SessionsQuery struct {
	FlowID   string
	PersonID string
	Status   string
	From, To time.Time // of opening
	PageSize int       // 1..100
}

// Sessions walks over all sessions that fit the query, newest first.
func (c *Client) Sessions(ctx context.Context, q SessionsQuery) iter.Seq2[Session, error] {
	v := url.Values{}
	set(v, "flow_id", q.FlowID)
	set(v, "person_id", q.PersonID)
	set(v, "status", q.Status)
	setTime(v, "from", q.From)
	setTime(v, "to", q.To)
	setSize(v, q.PageSize)
	return walk[Session](ctx, c, "/v1/sessions", v)
}

// Session reads a session with what its steps found.
func (c *Client) Session(ctx context.Context, id string) (SessionDetail, error) {
	return answerOf[SessionDetail](ctx, c, get("/v1/sessions/"+url.PathEscape(id), nil), nil)
}

// SessionErasure is the receipt of the erasure of a session.
type SessionErasure struct {
	SessionID string    `json:"session_id"`
	ErasedAt  time.Time `json:"erased_at"`
	Reason    string    `json:"reason"`
	Pictures  int       `json:"pictures"` // that the session had
	Complete  bool      `json:"complete"` // false when the server is still about to destroy key or pictures
}

// EraseSession destroys for ever what is kept of a session that has ended and
// belongs to no person.
func (c *Client) EraseSession(ctx context.Context, id, reason string) (SessionErasure, error) {
	k, err := call{method: http.MethodPost, path: "/v1/sessions/" + url.PathEscape(id) + "/erase", creates: true}.withJSON(map[string]any{"reason": reason})
	return answerOf[SessionErasure](ctx, c, k, err)
}

// The states of collections.
const (
	CollectionQueued   = "QUEUED"
	CollectionDone     = "DONE"
	CollectionSkipped  = "SKIPPED"
	CollectionConflict = "CONFLICT"
	CollectionFailed   = "FAILED"
)

// Collection is what became of an ended session.
type Collection struct {
	SessionID string     `json:"session_id"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`    // why nothing was written; empty otherwise
	PersonID  *string    `json:"person_id"` // made or updated; nil for nobody
	Hits      []AliasHit `json:"hits"`      // whom the aliases of a conflict belong to
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at"` // nil while queued
}

// AliasHit is an alias that a live person owns.
type AliasHit struct {
	Type     string `json:"type"`
	PersonID string `json:"person_id"`
}

// CollectionsQuery narrows a list of collections; zero fields do not narrow.
type CollectionsQuery struct {
	State    string
	PageSize int // 1..100
}

// Collections walks over what became of ended sessions, newest first.
func (c *Client) Collections(ctx context.Context, q CollectionsQuery) iter.Seq2[Collection, error] {
	v := url.Values{}
	set(v, "state", q.State)
	setSize(v, q.PageSize)
	return walk[Collection](ctx, c, "/v1/collections", v)
}

// AttachCollection decides a conflict: the session belongs to the person.
func (c *Client) AttachCollection(ctx context.Context, session, person string) (Collection, error) {
	return c.resolve(ctx, session, map[string]any{"action": "attach", "person_id": person})
}

// CreateCollection decides a conflict: the session makes a new person.
func (c *Client) CreateCollection(ctx context.Context, session string) (Collection, error) {
	return c.resolve(ctx, session, map[string]any{"action": "create"})
}

// DiscardCollection decides a conflict: nothing is collected.
func (c *Client) DiscardCollection(ctx context.Context, session string) (Collection, error) {
	return c.resolve(ctx, session, map[string]any{"action": "discard"})
}

func (c *Client) resolve(ctx context.Context, session string, decision map[string]any) (Collection, error) {
	k, err := call{method: http.MethodPost, path: "/v1/collections/" + url.PathEscape(session) + "/resolve"}.withJSON(decision)
	return answerOf[Collection](ctx, c, k, err)
}
