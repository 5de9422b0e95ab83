package visitor

import (
	"context"
	"fmt"
	"time"

	"github.com/idem-id/idem/client"
)

// Findings are what became of a crowd.
type Findings struct {
	Finished int // sessions
	Again    int // events that came more than once, under their own identifier
	Lags     []time.Duration
	Faults   []string // what was lost, doubled or mixed up
}

// Await audits the crowd until nothing is wrong or the time is over.
func (c *Crowd) Await(ctx context.Context, api *client.Client, in *Inbox, within time.Duration) (f Findings, err error) {
	for end := time.Now().Add(within); ; {
		if f, err = c.audit(ctx, api, in); err != nil || len(f.Faults) == 0 || time.Now().After(end) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return f, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// Told reports whether the inbox has all events of the finished sessions.
func (c *Crowd) Told(in *Inbox) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.walks {
		if whole, _ := in.whole(w.session.ID, w.session.Technologies); w.finished && !whole {
			return false
		}
	}
	return true
}

// audit holds every session that the server said to have finished against the
// lists of the native API and the inbox: it was collected exactly once, into a
// person of its own, and each of its events came.
func (c *Crowd) audit(ctx context.Context, api *client.Client, in *Inbox) (Findings, error) {
	status, err := sessions(ctx, api)
	if err != nil {
		return Findings{}, err
	}
	rows, err := collections(ctx, api)
	if err != nil {
		return Findings{}, err
	}
	f, owners := Findings{}, map[string]string{}
	for _, w := range c.walks {
		if !w.finished {
			continue
		}
		f.Finished++
		id := w.session.ID
		if status[id] != client.SessionFinished {
			f.add("session %s is %q", id, status[id])
		}
		if len(rows[id]) != 1 || rows[id][0].State != client.CollectionDone {
			f.add("session %s has the collections %+v", id, rows[id])
			continue
		}
		row := rows[id][0]
		f.Lags = append(f.Lags, row.EndedAt.Sub(row.CreatedAt))
		if other, taken := owners[*row.PersonID]; taken {
			f.add("sessions %s and %s made one person", id, other)
		}
		owners[*row.PersonID] = id
		if err := f.person(ctx, api, w.visitor, *row.PersonID); err != nil {
			return f, err
		}
		whole, again := in.whole(id, w.session.Technologies)
		if f.Again += again; !whole {
			f.add("session %s was not told whole", id)
		}
	}
	if n := in.refused(); n > 0 {
		f.add("%d deliveries were not signed", n)
	}
	return f, nil
}

func (f *Findings) add(format string, args ...any) {
	f.Faults = append(f.Faults, fmt.Sprintf(format, args...))
}

// person looks for the owner of a passport.
func (f *Findings) person(ctx context.Context, api *client.Client, v Visitor, want string) error {
	found, err := api.FindPersons(ctx, client.NewAlias{Type: client.AliasDocumentNumber, Value: v.Number})
	if err != nil {
		return fmt.Errorf("find passport %s: %w", v.Number, err)
	}
	if found.Match != "one" || found.PersonIDs[0] != want {
		f.add("passport %s is that of %v, not of %s", v.Number, found.PersonIDs, want)
	}
	return nil
}

func sessions(ctx context.Context, api *client.Client) (map[string]string, error) {
	status := map[string]string{}
	for s, err := range api.Sessions(ctx, client.SessionsQuery{PageSize: 100}) {
		if err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		status[s.ID] = s.Status
	}
	return status, nil
}

func collections(ctx context.Context, api *client.Client) (map[string][]client.Collection, error) {
	rows := map[string][]client.Collection{}
	for c, err := range api.Collections(ctx, client.CollectionsQuery{PageSize: 100}) {
		if err != nil {
			return nil, fmt.Errorf("list collections: %w", err)
		}
		rows[c.SessionID] = append(rows[c.SessionID], c)
	}
	return rows, nil
}
