package run

import (
	"context"
	"fmt"
	"image"
	"time"

	"github.com/idem-id/idem/internal/tech"
)

// guideLimit bounds the time of one look: later it helps nobody.
const guideLimit = 2 * time.Second

// BringPicture takes a picture in when there is a place for it.
type BringPicture func(context.Context) (image.Image, error)

// Guide looks at one picture for a running camera. It waits for nothing: where
// the slots are taken, half of them by guidance or all by runs, it is ErrBusy, so
// that no run waits for more than the looks that are under way.
func (r *Runner) Guide(ctx context.Context, g tech.Guide, bring BringPicture) (tech.Guidance, error) {
	for _, slots := range []chan struct{}{r.guidance, r.slots} {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			return tech.Guidance{}, ErrBusy
		}
	}
	bounded, cancel := context.WithTimeout(ctx, guideLimit)
	defer cancel()
	img, err := bring(bounded)
	if err != nil {
		return tech.Guidance{}, err
	}
	out, err := g.Guide(bounded, img)
	switch {
	case err != nil && bounded.Err() != nil:
		return out, late(ctx, err)
	case err != nil:
		return out, fmt.Errorf("look at picture: %w", err)
	}
	return out, nil
}
