package run

import (
	"context"
	"runtime"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech"
)

// ErrBusy is the refusal of a run that found no free place, or had no result,
// in its time.
var ErrBusy = idem.Errorf(idem.Unavailable, "CHECK_BUSY", "too many checks run at once; try again").With("retry_after", 1)

// Bounds are what runs share; the zero value is right for a server.
type Bounds struct {
	// Slots is how many run at once, so that they share the processors with
	// enrolments; 0 is one per processor.
	Slots int
	// Limit bounds the time of one run, waiting included; 0 is 20 seconds.
	Limit time.Duration
	// Observe, if it is not nil, is told of every run: how it ended and how long
	// it took with its place.
	Observe func(code idem.TechCode, end End, took time.Duration)
}

// End is how a run ended.
type End string

// The ends of runs. A refused one had no result: its evidence could not be
// read, or the engine failed.
const (
	EndPassed  End = "passed"
	EndFailed  End = "failed"
	EndRefused End = "refused"
)

// Runner runs technologies. It is safe for concurrent use.
type Runner struct {
	bounds   Bounds
	slots    chan struct{}
	guidance chan struct{} // as many as guidance may have of the slots
}

// New returns a runner of these bounds.
func New(b Bounds) *Runner {
	if b.Slots < 1 {
		b.Slots = runtime.GOMAXPROCS(0)
	}
	if b.Limit <= 0 {
		b.Limit = 20 * time.Second
	}
	if b.Observe == nil {
		b.Observe = func(idem.TechCode, End, time.Duration) {}
	}
	return &Runner{bounds: b, slots: make(chan struct{}, b.Slots), guidance: make(chan struct{}, (b.Slots+1)/2)}
}

// Bring takes evidence in when there is a place for it.
type Bring func(context.Context) (tech.Evidence, error)

// Run waits for a place, takes the evidence in, runs the technology on it and
// bounds the time of all three. Errors are those of bring and of the
// technology, ErrBusy, and the cause of a context that ended.
func (r *Runner) Run(ctx context.Context, t tech.Technology, bring Bring) (out tech.Outcome, err error) {
	bounded, cancel := context.WithTimeout(ctx, r.bounds.Limit)
	defer cancel()
	select {
	case r.slots <- struct{}{}:
	case <-bounded.Done():
		return tech.Outcome{}, late(ctx, bounded.Err())
	}
	defer func() { <-r.slots }()
	begun := time.Now()
	defer func() { r.bounds.Observe(t.Code(), endOf(out, err), time.Since(begun)) }()
	in, err := bring(bounded)
	if err == nil {
		out, err = t.Run(bounded, in)
	}
	if err != nil && bounded.Err() != nil {
		err = late(ctx, err)
	}
	return out, err
}

func endOf(out tech.Outcome, err error) End {
	switch {
	case err != nil:
		return EndRefused
	case out.Passed:
		return EndPassed
	}
	return EndFailed
}

// late tells the limit from a caller that left.
func late(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return ErrBusy.Because(err)
}
