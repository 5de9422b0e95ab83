package flow

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// Guide tells what a picture of the camera lacks for the step whose turn it is.
// It keeps nothing, takes no attempt, spends no unit and tells nobody. Errors:
// those of a step out of turn, tech.ErrNoGuidance, and kind Unavailable when
// checks need the machine.
func (f *Flows) Guide(ctx context.Context, id idem.SessionID, step int, bring run.BringPicture) (tech.Guidance, error) {
	_, t, err := f.turn(ctx, id, step)
	if err != nil {
		return tech.Guidance{}, err
	}
	g, ok := t.(tech.Guide)
	if !ok {
		return tech.Guidance{}, tech.ErrNoGuidance
	}
	return f.Runner.Guide(ctx, g, bring)
}
