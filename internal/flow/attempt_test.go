package flow_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// asked opens a session of one liveness step and draws a challenge.
func asked(w *world) idem.SessionID {
	w.Helper()
	w.Head.Finds(flowtest.Spoof("ann"))
	s := w.Open(w.Flow(nil, ld), "")
	start(w, s.ID)
	draw(w, s.ID)
	return s.ID
}

func draw(w *world, id idem.SessionID) {
	w.Helper()
	_, _, err := w.Flows.Challenge(w.Context(), id, 0)
	w.Must(err)
}

// submit answers the first step and runs meanwhile, if it is not nil, while the
// attempt is under way.
func submit(w *world, id idem.SessionID, meanwhile func() error) error {
	_, _, err := w.Flows.Submit(w.Context(), id, 0, func(ctx context.Context) (tech.Evidence, error) {
		in, err := flowtest.Evidence("ann", 1)(ctx)
		if err == nil && meanwhile != nil {
			err = meanwhile()
		}
		return in, err
	})
	return err
}

// answered lists the challenges that the runs of the technology had.
func answered(w *world) (list []string) {
	for _, in := range w.Head.Runs() {
		list = append(list, string(in.Challenge))
	}
	return list
}

func wantAnswered(w *world, from int, want ...string) {
	w.Helper()
	if got := answered(w)[from:]; !slices.Equal(got, want) {
		w.Errorf("the challenges were %q, want %q", got, want)
	}
}

// TestChallengeOutlivesRefusals: what had no result can be sent again.
func TestChallengeOutlivesRefusals(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		for name, refusal := range map[string]error{"busy": run.ErrBusy, "left": context.Canceled, "unreadable": tech.ErrEvidenceMissing} {
			id, before := asked(w), len(w.Head.Runs())
			wants(w, submit(w, id, func() error { return refusal }), refusal)
			w.Head.Refuses(refusal)
			wants(w, submit(w, id, nil), refusal)
			w.Head.Finds(flowtest.Spoof("ann"))
			w.Must(submit(w, id, nil))
			w.Must(submit(w, id, nil))
			n := len(answered(w)) - before
			if got := answered(w)[before:]; n != 3 || got[0] != got[1] || got[0] == "" || got[2] != "" {
				w.Errorf("%s: the challenges were %q", name, got)
			}
			if s := state(w, id); s.Steps[0].Attempts != 2 {
				w.Errorf("%s: refusals cost attempts: %+v", name, s.Steps[0])
			}
		}
	})
}

// TestChallengeServesOneResult has answers beside each other: one alone has the
// challenge, and what was drawn later is not replaced by what was drawn before.
func TestChallengeServesOneResult(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		from := len(w.Head.Runs())
		id := asked(w)
		first := w.Head.Asked()
		wants(w, submit(w, id, func() error {
			w.Must(submit(w, id, nil)) // has none
			return run.ErrBusy
		}), run.ErrBusy)
		w.Must(submit(w, id, nil)) // has what came back
		wantAnswered(w, from, "", first)

		id, from = asked(w), len(w.Head.Runs())
		second := ""
		wants(w, submit(w, id, func() error {
			draw(w, id)
			second = w.Head.Asked()
			return run.ErrBusy
		}), run.ErrBusy)
		w.Must(submit(w, id, nil))
		w.Must(submit(w, id, nil))
		wantAnswered(w, from, second, "")

		id, from = asked(w), len(w.Head.Runs())
		wants(w, submit(w, id, func() error {
			draw(w, id)
			second = w.Head.Asked()
			w.Must(submit(w, id, nil)) // uses up the later one
			return run.ErrBusy
		}), run.ErrBusy)
		w.Must(submit(w, id, nil))
		wantAnswered(w, from, second, "")
	})
}

// TestChallengeIsNotProlonged: a refusal gives no time.
func TestChallengeIsNotProlonged(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		id, from := asked(w), len(w.Head.Runs())
		w.Clock.Advance(59 * time.Second)
		wants(w, submit(w, id, func() error {
			w.Clock.Advance(2 * time.Second)
			return run.ErrBusy
		}), run.ErrBusy)
		w.Must(submit(w, id, nil))
		wantAnswered(w, from, "")
	})
}

// TestAttemptsBesideEachOther takes all attempts at once: the first that fails
// must not end the session while another may pass.
func TestAttemptsBesideEachOther(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		for _, c := range []struct {
			last tech.Outcome
			want idem.SessionState
		}{{flowtest.Seen("ann", 0.9), idem.SessionFinished}, {flowtest.Spoof("ann"), idem.SessionFailed}} {
			id := asked(w)
			w.Head.Finds(flowtest.Spoof("ann"), flowtest.Spoof("ann"), c.last)
			w.Must(submit(w, id, func() error {
				w.Must(submit(w, id, nil))
				w.Must(submit(w, id, nil))
				if s := state(w, id); s.State != idem.SessionProgress || s.AttemptsLeft(0) != 0 {
					w.Errorf("with one under way: %s, %d attempts left", s.State, s.AttemptsLeft(0))
				}
				wants(w, submit(w, id, nil), idem.ErrSessionState)
				return nil
			}))
			s := state(w, id)
			if s.State != c.want || s.Steps[0].Result == nil || s.Steps[0].Result.Face == "" {
				w.Errorf("at the end: %+v", s)
			}
		}
	})
}

// TestWrongCodesBesideEachOther: the first code that was right passes, also
// when the last attempt was a wrong one.
func TestWrongCodesBesideEachOther(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Open(w.Flow(nil, ed), "")
		start(w, s.ID)
		_, err := w.Flows.AskProvider(w.Context(), s.ID, 0, "", request(), "")
		w.Must(err)
		w.Holder.Meanwhile(func() {
			for range 2 {
				if _, _, err := w.Flows.Approve(w.Context(), s.ID, 0, "999999"); idem.CodeOf(err) != "CODE_WRONG" {
					w.Errorf("a wrong code: %v", err)
				}
			}
		})
		s, _, err = w.Flows.Approve(w.Context(), s.ID, 0, "123456")
		if err != nil || !s.Passed() {
			w.Errorf("the right one: %+v, %v", s, err)
		}
	})
}

// TestLostAttemptsHoldNobody ends the runs of all attempts without a word, as a
// crash does.
func TestLostAttemptsHoldNobody(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		id := asked(w)
		for range 3 {
			var wait sync.WaitGroup
			wait.Go(func() { _ = submit(w, id, func() error { runtime.Goexit(); return nil }) })
			wait.Wait()
		}
		wants(w, submit(w, id, nil), idem.ErrSessionState)
		w.Clock.Advance(idem.AttemptTime)
		w.Head.Finds(flowtest.Seen("ann", 0.9))
		w.Must(submit(w, id, nil))
		if s := state(w, id); !s.Passed() || s.Steps[0].Attempts != 1 {
			w.Errorf("the session is %+v", s)
		}
	})
}
