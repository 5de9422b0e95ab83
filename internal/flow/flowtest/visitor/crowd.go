package visitor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/idem-id/idem/client"
)

// Crowd sends visitors through a flow, several at once, and remembers what the
// server acknowledged.
type Crowd struct {
	visitors []Visitor
	key      string // of the flow
	stopped  atomic.Bool

	mu    sync.Mutex
	next  int
	walks []*walk
}

// walk is one visitor's session.
type walk struct {
	visitor  Visitor
	session  client.OpenedSession
	finished bool // the server said so
}

// NewCrowd makes a crowd of visitors, each of whom goes once, for the flow with
// the key.
func NewCrowd(key string, visitors []Visitor) *Crowd { return &Crowd{key: key, visitors: visitors} }

// Stop lets nobody begin any more. What fails from then on is no error: the
// server may be gone.
func (c *Crowd) Stop() { c.stopped.Store(true) }

// Finished is how many sessions the server said to have finished.
func (c *Crowd) Finished() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.walks {
		if w.finished {
			n++
		}
	}
	return n
}

// Go sends visitors to the server at base from a number of clients, until all
// have gone or Stop is called.
func (c *Crowd) Go(ctx context.Context, base string, clients int) error {
	faults := make([]error, clients)
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			for v, ok := c.take(); ok && faults[i] == nil; v, ok = c.take() {
				faults[i] = c.visit(ctx, base, v)
			}
		})
	}
	group.Wait()
	if c.stopped.Load() {
		return nil
	}
	return errors.Join(faults...)
}

func (c *Crowd) take() (v Visitor, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.Load() || c.next == len(c.visitors) {
		return v, false
	}
	c.next++
	return c.visitors[c.next-1], true
}

func (c *Crowd) visit(ctx context.Context, base string, v Visitor) error {
	of, err := client.ForFlow(base, c.key, client.WithAttempts(1, 0))
	if err != nil {
		return err
	}
	opened, err := of.Open(ctx, client.NewSession{Metadata: map[string]any{"custom_id": v.Number}})
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	w := &walk{visitor: v, session: opened}
	c.mu.Lock()
	c.walks = append(c.walks, w)
	c.mu.Unlock()
	return c.goOn(ctx, base, w)
}

// goOn brings a session to its end.
func (c *Crowd) goOn(ctx context.Context, base string, w *walk) error {
	run, err := client.ForSession(base, w.session.ID, client.WithAttempts(1, 0))
	if err != nil {
		return err
	}
	state, err := w.visitor.Walk(ctx, run)
	if err == nil && state.Status != client.SessionFinished {
		err = fmt.Errorf("the session is %s, outcome %+v", state.Status, state.Outcome)
	}
	if err != nil {
		return fmt.Errorf("passport %s: %w", w.visitor.Number, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.finished = true
	return nil
}

// Resume brings those sessions to their end whose server went away, one after
// the other, and returns how many there were.
func (c *Crowd) Resume(ctx context.Context, base string) (n int, err error) {
	for _, w := range c.walks {
		if w.finished {
			continue
		}
		n++
		if err := c.goOn(ctx, base, w); err != nil {
			return n, err
		}
	}
	return n, nil
}
