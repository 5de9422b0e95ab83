package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow/report"
	"github.com/idem-id/idem/internal/store"
)

// Session is one run of a flow, without what its steps found.
type Session struct {
	ID        string        `json:"id" format:"uuid"`
	FlowID    string        `json:"flow_id" format:"uuid"`
	FlowName  string        `json:"flow_name" doc:"When it was opened."`
	Status    string        `json:"status" enum:"NEW,PROGRESS,FINISHED,FAILED,EXPIRED"`
	Demo      bool          `json:"is_demo"`
	Steps     []SessionStep `json:"steps" nullable:"false"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at"`
	EndedAt   *time.Time    `json:"ended_at"`
	ErasedAt  *time.Time    `json:"erased_at" doc:"null unless the data were destroyed for ever."`
}

// SessionStep is where one technology of a session stands.
type SessionStep struct {
	Technology string  `json:"technology"`
	State      string  `json:"state" enum:"PENDING,ACTIVE,PASSED,FAILED,SKIPPED"`
	Attempts   int     `json:"attempts" doc:"Answers taken so far."`
	CopiedFrom *string `json:"copied_from_session_id" doc:"The session whose result it has."`
}

func sessionOf(s idem.Session) Session {
	out := Session{ID: string(s.ID), FlowID: string(s.Flow), FlowName: s.FlowName, Status: string(s.State), Demo: s.Demo,
		Steps: make([]SessionStep, len(s.Steps)), CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, EndedAt: instant(s.EndedAt),
		ErasedAt: instant(s.ErasedAt)}
	for i, p := range s.Steps {
		out.Steps[i] = SessionStep{Technology: string(p.Technology), State: string(p.State), Attempts: p.Attempts}
		if p.Copied != "" {
			from := string(p.Copied)
			out.Steps[i].CopiedFrom = &from
		}
	}
	return out
}

type sessionOut struct{ Body Session }

// SessionFilter narrows the list of sessions.
type SessionFilter struct {
	FlowID   string    `query:"flow_id" maxLength:"36"`
	PersonID string    `query:"person_id" maxLength:"36"`
	Status   string    `query:"status" enum:"NEW,PROGRESS,FINISHED,FAILED,EXPIRED"`
	From     time.Time `query:"from" doc:"Of opening, inclusive."`
	To       time.Time `query:"to" doc:"Exclusive."`
}

type listSessionsIn struct {
	Paging
	SessionFilter
}

type sessionsOut struct{ Body Page[Session] }

func (s *server) listSessions(ctx context.Context, p idem.Principal, in *listSessionsIn) (*sessionsOut, error) {
	page, err := in.page(in.SessionFilter)
	if err != nil {
		return nil, err
	}
	q := store.SessionQuery{Flow: idem.FlowID(in.FlowID), Person: idem.PersonID(in.PersonID), State: idem.SessionState(in.Status), From: in.From, To: in.To}
	list, next, err := s.flows.Sessions(ctx, p, q, page)
	if err != nil {
		return nil, cursorFault(err)
	}
	data := make([]Session, len(list))
	for i, item := range list {
		data[i] = sessionOf(item)
	}
	return &sessionsOut{newPage(data, next, in.SessionFilter)}, nil
}

// SessionPath is the input of routes of one session.
type SessionPath struct {
	SessionID string `path:"session_id" doc:"The session."`
}

func (p SessionPath) id() (idem.SessionID, error) {
	id, ok := idem.ParseID(p.SessionID)
	if !ok {
		return "", idem.ErrSessionNotFound
	}
	return idem.SessionID(id), nil
}

// SessionResult is a session with what its steps found.
type SessionResult struct {
	Session
	Result any `json:"result" doc:"As the Flow API gives it; pictures only with the permission pictures.read."`
}

type sessionResultOut struct{ Body SessionResult }

func (s *server) getSession(ctx context.Context, p idem.Principal, in *SessionPath) (*sessionResultOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	found, err := s.flows.Session(ctx, p, id)
	if err != nil {
		return nil, err
	}
	var pictures report.Pictures
	if p.Require(idem.PicturesRead) == nil {
		pictures = func(ref idem.BlobRef) (string, error) {
			data, err := s.flows.Picture(ctx, p.Org, &found, ref)
			if errors.Is(err, idem.ErrErased) {
				return "", nil
			}
			return base64.StdEncoding.EncodeToString(data), err
		}
	}
	result, err := report.Of(&found, pictures)
	return &sessionResultOut{SessionResult{sessionOf(found), result}}, err
}

const eraseSessionText = `Destroys what is kept of a session that has ended and belongs to no person: its data key, results, metadata, pictures
and events. Nobody can undo it. A conflict, or a collection that failed, is discarded by it. Of a session that belongs to a person, erase the person.
Lists still show the session, and an entry of the instance's audit proves the erasure.`

// SessionErasure is the receipt of an erasure.
type SessionErasure struct {
	SessionID string    `json:"session_id" format:"uuid"`
	ErasedAt  time.Time `json:"erased_at"`
	Reason    string    `json:"reason"`
	Pictures  int       `json:"pictures" doc:"How many the session had."`
	Complete  bool      `json:"complete" doc:"false when the data key or pictures could not be destroyed at once: a job does it soon."`
}

type eraseSessionIn struct {
	SessionPath
	Body eraseBody
}

func (in *eraseSessionIn) content(context.Context) (any, error) { return in.Body, nil }

func (s *server) eraseSession(ctx context.Context, p idem.Principal, in *eraseSessionIn, _ claim[SessionErasure]) (answer[SessionErasure], error) {
	id, err := in.id()
	if err != nil {
		return answer[SessionErasure]{}, err
	}
	e, err := s.flows.Erase(ctx, p, id, in.Body.Reason)
	return answer[SessionErasure]{http.StatusOK, SessionErasure{
		SessionID: string(e.Session), ErasedAt: e.At, Reason: e.Reason, Pictures: e.Pictures, Complete: e.Complete,
	}}, err
}

// Collection is what became of an ended session.
type Collection struct {
	SessionID string     `json:"session_id" format:"uuid"`
	State     string     `json:"state" enum:"QUEUED,DONE,SKIPPED,CONFLICT,FAILED"`
	Reason    string     `json:"reason" doc:"Why nothing was written; empty otherwise."`
	PersonID  *string    `json:"person_id" doc:"Made or updated."`
	Hits      []AliasHit `json:"hits" nullable:"false" doc:"Whom the aliases of a conflict belong to."`
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at"`
}

// AliasHit is an alias that a live person owns.
type AliasHit struct {
	Type     string `json:"type"`
	PersonID string `json:"person_id" format:"uuid"`
}

func collectionOf(c idem.Collection) Collection {
	out := Collection{SessionID: string(c.Session), State: string(c.State), Reason: string(c.Reason), Hits: make([]AliasHit, len(c.Hits)),
		CreatedAt: c.CreatedAt, EndedAt: instant(c.EndedAt)}
	if c.Person != "" {
		who := string(c.Person)
		out.PersonID = &who
	}
	for i, h := range c.Hits {
		out.Hits[i] = AliasHit{string(h.Type), string(h.Person)}
	}
	return out
}

// CollectionFilter narrows the list of collections.
type CollectionFilter struct {
	State string `query:"state" enum:"QUEUED,DONE,SKIPPED,CONFLICT,FAILED"`
}

type listCollectionsIn struct {
	Paging
	CollectionFilter
}

type collectionsOut struct{ Body Page[Collection] }

func (s *server) listCollections(ctx context.Context, p idem.Principal, in *listCollectionsIn) (*collectionsOut, error) {
	page, err := in.page(in.CollectionFilter)
	if err != nil {
		return nil, err
	}
	list, next, err := s.flows.Collections(ctx, p, idem.CollectionState(in.State), page)
	if err != nil {
		return nil, cursorFault(err)
	}
	data := make([]Collection, len(list))
	for i, item := range list {
		data[i] = collectionOf(item)
	}
	return &collectionsOut{newPage(data, next, in.CollectionFilter)}, nil
}

type resolveIn struct {
	SessionPath
	Body struct {
		Action   string `json:"action" enum:"attach,create,discard"`
		PersonID string `json:"person_id,omitempty" maxLength:"36" doc:"Whom to attach the session to."`
	} `nameHint:"Resolution"`
}

type collectionOut struct{ Body Collection }

func (s *server) resolveCollection(ctx context.Context, p idem.Principal, in *resolveIn) (*collectionOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if in.Body.Action == "discard" {
		c, err := s.flows.Discard(ctx, p, id)
		return &collectionOut{collectionOf(c)}, err
	}
	person := idem.PersonID("")
	if in.Body.Action == "attach" {
		if person, err = (PersonPath{PersonID: in.Body.PersonID}).id(); err != nil {
			return nil, err
		}
	}
	c, err := s.flows.Resolve(ctx, p, id, person)
	return &collectionOut{collectionOf(c)}, err
}
