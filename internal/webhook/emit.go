package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
)

// Event is something that happened in a session.
type Event struct {
	Session idem.Session
	Name    idem.EventName
	Success bool
	// Data is the member of that name, any value that encodes as a JSON object;
	// nil is an empty one.
	Data any
}

// payload is what is sent.
type payload struct {
	ID        idem.EventID    `json:"id"`
	Event     idem.EventName  `json:"event"`
	SessionID *idem.SessionID `json:"session_id"`
	Created   int64           `json:"created"` // seconds since 1970
	Success   bool            `json:"success"`
	FlowName  string          `json:"flow_name"`
	Metadata  json.RawMessage `json:"metadata"`
	Data      any             `json:"data"`
}

// Emit keeps an event and queues its delivery to each webhook of the session's
// flow that takes it, in the caller's transaction. The events of one session
// must be emitted one after the other, which the lock of the session sees to,
// and that of its collection. Of an erased session nothing is told.
func (w *Webhooks) Emit(ctx context.Context, tx store.Tx, e Event) error {
	hooks, err := tx.Webhooks().List(ctx, e.Session.Flow)
	if err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	hooks = slices.DeleteFunc(hooks, func(h idem.Webhook) bool { return !h.Takes(e.Name) })
	if len(hooks) == 0 {
		return nil
	}
	id := idem.EventID(w.ids.New())
	switch err := keep(ctx, tx, id, e); {
	case errors.Is(err, idem.ErrErased): // nobody may be told of this session any more
		return nil
	case err != nil:
		return err
	}
	for _, hook := range hooks {
		order := job.Order[Delivery]{Key: fmt.Sprintf("%s/%s", id, hook.ID), Group: fmt.Sprintf("webhook/%s/%s", hook.ID, e.Session.ID),
			Args: Delivery{Event: id, Webhook: hook.ID}}
		if _, err := job.Enqueue(ctx, tx, Deliveries, order); err != nil {
			return err
		}
	}
	return nil
}

// keep stores the event as it is going to be sent.
func keep(ctx context.Context, tx store.Tx, id idem.EventID, e Event) error {
	s := e.Session
	body, err := encode(payload{ID: id, Event: e.Name, SessionID: &s.ID, Created: tx.Now().Unix(), Success: e.Success, FlowName: s.FlowName,
		Metadata: s.Metadata, Data: e.Data})
	if err != nil {
		return err
	}
	err = tx.Deliveries().InsertEvent(ctx, store.Event{ID: id, Flow: s.Flow, Session: s.ID, Name: string(e.Name), Body: body, DataKey: s.DataKey, CreatedAt: tx.Now()})
	if err != nil {
		return fmt.Errorf("keep event: %w", err)
	}
	return nil
}

func encode(p payload) ([]byte, error) {
	if len(p.Metadata) == 0 {
		p.Metadata = json.RawMessage("{}")
	}
	if p.Data == nil {
		p.Data = struct{}{}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", p.Event, err)
	}
	return body, nil
}
