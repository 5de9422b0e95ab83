package httpapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
)

// Action is one entry of the audit.
type Action struct {
	Seq        int64          `json:"seq" doc:"The position in the organisation's chain."`
	PersonID   string         `json:"person_id" format:"uuid"`
	Type       string         `json:"type" example:"PERSON_CREATED"`
	Source     string         `json:"source" enum:"API,CABINET,FLOW"`
	KeyID      string         `json:"key_id,omitempty" doc:"The key that it was done with."`
	OperatorID string         `json:"operator_id,omitempty" doc:"The operator who did it."`
	SessionID  string         `json:"session_id,omitempty" doc:"The session that did it."`
	At         time.Time      `json:"at"`
	Details    map[string]any `json:"details" doc:"Identifiers, flags and masked values."`
	Hash       string         `json:"hash" doc:"32 bytes in hex; it covers the entry and the hash before it."`
}

func actionOf(a idem.Action) Action {
	out := Action{
		Seq: a.Seq, PersonID: string(a.Person), Type: string(a.Type), Source: string(a.Actor.Source), KeyID: string(a.Actor.Credential),
		OperatorID: string(a.Actor.Operator), SessionID: string(a.Actor.Session), At: a.At, Details: map[string]any{},
		Hash: hex.EncodeToString(a.Hash[:]),
	}
	for name, value := range a.Details {
		out.Details[name] = numbers(value)
	}
	return out
}

// numbers lets the numbers of stored JSON, which are kept as text for the
// chain's sake, be written as numbers again.
func numbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return jsontext.Value(v)
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return value
}

type ActionFilter struct {
	Type       string    `query:"type" maxLength:"64" example:"ALIAS_ADDED"`
	Source     string    `query:"source" enum:"API,CABINET,FLOW"`
	OperatorID string    `query:"operator_id" maxLength:"36"`
	From       time.Time `query:"from" doc:"Inclusive."`
	To         time.Time `query:"to" doc:"Exclusive."`
}

type listActionsIn struct {
	PersonPath
	Paging
	ActionFilter
}

type actionsOut struct{ Body Page[Action] }

func (s *server) listActions(ctx context.Context, p idem.Principal, in *listActionsIn) (*actionsOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	page, err := in.page([]any{id, in.ActionFilter})
	if err != nil {
		return nil, err
	}
	q := registry.ActionQuery{Type: idem.ActionType(in.Type), Source: idem.Source(in.Source),
		Operator: idem.OperatorID(in.OperatorID), From: in.From, To: in.To}
	actions, next, _, err := s.registry.Actions(ctx, p, id, q, page)
	if err != nil {
		return nil, cursorFault(err)
	}
	data := make([]Action, len(actions))
	for i, a := range actions {
		data[i] = actionOf(a)
	}
	return &actionsOut{newPage(data, next, []any{id, in.ActionFilter})}, nil
}
