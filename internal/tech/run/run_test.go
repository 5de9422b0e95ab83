package run_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// waiting runs until it is let go, or its context ends.
type waiting struct {
	begun chan struct{}
	let   chan struct{}
}

func (w waiting) Code() idem.TechCode { return idem.TechLivenessHead }
func (w waiting) Ready() error        { return nil }

func (w waiting) Run(ctx context.Context, _ tech.Evidence) (tech.Outcome, error) {
	w.begun <- struct{}{}
	select {
	case <-w.let:
		return tech.Outcome{Passed: true}, nil
	case <-ctx.Done():
		return tech.Outcome{}, ctx.Err()
	}
}

func nothing(context.Context) (tech.Evidence, error) { return tech.Evidence{}, nil }

// TestEvidenceWaitsForAPlace: what is beyond the places decodes nothing.
func TestEvidenceWaitsForAPlace(t *testing.T) {
	w := waiting{make(chan struct{}, 2), make(chan struct{})}
	var ends []run.End
	r := run.New(run.Bounds{Slots: 1, Limit: time.Minute, Observe: func(_ idem.TechCode, e run.End, _ time.Duration) { ends = append(ends, e) }})
	first := make(chan error)
	go func() { _, err := r.Run(t.Context(), w, nothing); first <- err }()
	<-w.begun
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := r.Run(impatient, w, func(context.Context) (tech.Evidence, error) {
		t.Error("evidence was taken in without a place")
		return tech.Evidence{}, nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller that left: %v", err)
	}
	close(w.let)
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
	if _, err := r.Run(t.Context(), w, nothing); err != nil {
		t.Errorf("behind it: %v", err)
	}
	if len(ends) != 2 || ends[0] != run.EndPassed {
		t.Errorf("observed %v, want two that passed", ends)
	}
}

func TestRunEndsAtItsLimit(t *testing.T) {
	w := waiting{make(chan struct{}, 2), make(chan struct{})}
	var end run.End
	r := run.New(run.Bounds{Slots: 1, Limit: 20 * time.Millisecond, Observe: func(_ idem.TechCode, e run.End, _ time.Duration) { end = e }})
	for range 2 { // the second shows that the place is free again
		if _, err := r.Run(t.Context(), w, nothing); !errors.Is(err, run.ErrBusy) || end != run.EndRefused {
			t.Errorf("got %v and %q, want %v", err, end, run.ErrBusy)
		}
	}
}

func TestUnreadableEvidenceIsNotRun(t *testing.T) {
	w, broken := waiting{}, errors.New("no picture")
	_, err := run.New(run.Bounds{}).Run(t.Context(), w, func(context.Context) (tech.Evidence, error) { return tech.Evidence{}, broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
