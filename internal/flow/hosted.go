package flow

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Hosted is what the page of a session needs to know before it runs: nothing
// personal, and nothing of what the steps found.
type Hosted struct {
	Locale         string // "" for the browser's own
	Demo           bool
	Ended          bool     // by result or by time
	FrameAncestors []string // of the flow as it is now, a deleted one too
}

// Hosted tells whoever knows a session's identifier how its page is to be
// shown; idem.ErrSessionNotFound.
func (f *Flows) Hosted(ctx context.Context, id idem.SessionID) (out Hosted, err error) {
	org, err := f.find(ctx, id)
	if err != nil {
		return out, err
	}
	err = f.Store.View(ctx, org, func(tx store.Tx) error {
		s, err := tx.Sessions().Get(ctx, id)
		if err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		of, err := tx.Flows().Get(ctx, s.Flow)
		if err != nil {
			return fmt.Errorf("read flow: %w", err)
		}
		out = Hosted{s.Locale, s.Demo, s.Usable(tx.Now()) != nil, of.FrameAncestors}
		return nil
	})
	return out, err
}
