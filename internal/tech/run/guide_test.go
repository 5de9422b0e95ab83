package run_test

import (
	"context"
	"errors"
	"image"
	"testing"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// lookout sees nothing, once it is let go.
type lookout struct{ begun, let chan struct{} }

func (l lookout) Guide(ctx context.Context, _ image.Image) (tech.Guidance, error) {
	l.begun <- struct{}{}
	select {
	case <-l.let:
		return tech.Guidance{Hints: []tech.Reason{"face_not_found"}}, nil
	case <-ctx.Done():
		return tech.Guidance{}, ctx.Err()
	}
}

func blank(context.Context) (image.Image, error) { return image.NewGray(image.Rect(0, 0, 1, 1)), nil }

// TestGuidanceLeavesRoomForRuns takes the one of two places that guidance has,
// then both by runs.
func TestGuidanceLeavesRoomForRuns(t *testing.T) {
	r := run.New(run.Bounds{Slots: 2})
	l, w := lookout{make(chan struct{}), make(chan struct{})}, waiting{make(chan struct{}), make(chan struct{})}
	ended := make(chan error, 3)
	look := func() { _, err := r.Guide(t.Context(), l, blank); ended <- err }
	work := func() { _, err := r.Run(t.Context(), w, nothing); ended <- err }
	go look()
	<-l.begun
	if _, err := r.Guide(t.Context(), l, blank); !errors.Is(err, run.ErrBusy) {
		t.Errorf("a second look: %v", err)
	}
	go work()
	<-w.begun // beside the look
	close(l.let)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	go work()
	<-w.begun
	if _, err := r.Guide(t.Context(), l, blank); !errors.Is(err, run.ErrBusy) {
		t.Errorf("a look while runs have every place: %v", err)
	}
	close(w.let)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	go look()
	<-l.begun
	if err := <-ended; err != nil {
		t.Errorf("the places are not given back: %v", err)
	}
}

func TestGuidanceWithoutAPicture(t *testing.T) {
	refusal := errors.New("no picture")
	r := run.New(run.Bounds{Slots: 1})
	for range 3 {
		_, err := r.Guide(t.Context(), lookout{}, func(context.Context) (image.Image, error) { return nil, refusal })
		if !errors.Is(err, refusal) {
			t.Errorf("%v", err)
		}
	}
}
