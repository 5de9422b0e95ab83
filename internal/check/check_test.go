package check_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// echo passes when the evidence's country is its memo, or "KAZ" without one.
type echo struct {
	runs    atomic.Int64
	broken  error
	blocked chan struct{}
}

func (e *echo) Code() idem.TechCode { return idem.TechLivenessHead }

func (e *echo) Ready() error { return e.broken }

func (e *echo) Run(ctx context.Context, in tech.Evidence) (tech.Outcome, error) {
	e.runs.Add(1)
	if e.blocked != nil {
		<-ctx.Done()
		return tech.Outcome{}, ctx.Err()
	}
	want := "KAZ"
	if in.Challenge != nil {
		want = string(in.Challenge)
	}
	if in.Country == "" {
		return tech.Outcome{}, idem.Errorf(idem.Unprocessable, "EVIDENCE_MISSING", "nothing to look at")
	}
	out := tech.Outcome{Technology: e.Code(), Passed: in.Country == want}
	if !out.Passed {
		out.Reasons = []tech.Reason{"wrong_country"}
	}
	return out, nil
}

func (e *echo) Challenge(context.Context) (tech.Challenge, error) {
	return tech.Challenge{Shown: "FRA", Memo: []byte("FRA"), Valid: time.Minute}, nil
}

type world struct {
	*testing.T
	checks *check.Checks
	store  store.Store
	tech   *echo
	me     idem.Principal
}

// each runs f on both databases, with a subscription of units transactions.
func each(t *testing.T, units int64, f func(world)) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		w := world{T: t, store: s, tech: &echo{}, me: idem.Principal{Org: storetest.NewOrganisation(t, s), Permissions: idem.AllPermissions()}}
		w.checks = check.New(check.Deps{Store: s, Technologies: []tech.Technology{w.tech}, IDs: idem.UUIDv7{}, Runner: run.New(run.Bounds{Limit: 200 * time.Millisecond})})
		err := s.Update(t.Context(), w.me.Org, func(tx store.Tx) error {
			return tx.Subscriptions().Insert(t.Context(), idem.Subscription{ID: idem.SubscriptionID(idem.UUIDv7{}.New()),
				Technology: idem.TechLivenessHead, Status: idem.SubscriptionActive, Total: units, Left: units, PurchasedAt: tx.Now()})
		})
		if err != nil {
			t.Fatal(err)
		}
		f(w)
	})
}

func (w world) left() (left int64) {
	w.Helper()
	err := w.store.View(w.Context(), w.me.Org, func(tx store.Tx) error {
		list, err := tx.Subscriptions().List(w.Context())
		left = list[0].Left
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return left
}

func (w world) wants(err, target error) {
	w.Helper()
	if !errors.Is(err, target) {
		w.Errorf("got %v, want %v", err, target)
	}
}

func TestResultSpendsAndRefusalDoesNot(t *testing.T) {
	each(t, 2, func(w world) {
		ctx := w.Context()
		if _, err := w.checks.Run(ctx, w.me, idem.TechLivenessHead, tech.Evidence{}); idem.CodeOf(err) != "EVIDENCE_MISSING" {
			w.Errorf("without evidence: %v", err)
		}
		w.tech.broken = idem.Errorf(idem.Unavailable, "ENGINE_UNAVAILABLE", "no engine")
		_, err := w.checks.Run(ctx, w.me, idem.TechLivenessHead, tech.Evidence{Country: "KAZ"})
		w.wants(err, w.tech.broken)
		if left := w.left(); left != 2 {
			w.Errorf("%d units are left after refusals, want 2", left)
		}
		w.tech.broken = nil
		for _, country := range []string{"KAZ", "FRA"} {
			done, err := w.checks.Run(ctx, w.me, idem.TechLivenessHead, tech.Evidence{Country: country})
			if err != nil || done.Outcome.Passed != (country == "KAZ") || done.ID == "" || done.At.IsZero() {
				w.Errorf("%s: %+v, %v", country, done, err)
			}
		}
		runs := w.tech.runs.Load()
		_, err = w.checks.Run(ctx, w.me, idem.TechLivenessHead, tech.Evidence{Country: "KAZ"})
		w.wants(err, idem.ErrSubscriptionLimit)
		if w.left() != 0 || w.tech.runs.Load() != runs {
			w.Error("a check that cannot be paid was run")
		}
	})
}

func TestWhoMayCheck(t *testing.T) {
	each(t, 1, func(w world) {
		_, err := w.checks.Run(w.Context(), idem.Principal{Org: w.me.Org}, idem.TechLivenessHead, tech.Evidence{})
		w.wants(err, idem.ErrRoleForbidden)
		if _, err := w.checks.Run(w.Context(), w.me, idem.TechFace2Face, tech.Evidence{}); idem.CodeOf(err) != "TECHNOLOGY_UNKNOWN" {
			w.Errorf("a technology that is not there: %v", err)
		}
	})
}

func TestChallengeServesOnce(t *testing.T) {
	each(t, 5, func(w world) {
		ctx := w.Context()
		row, asked, err := w.checks.Challenge(ctx, w.me, idem.TechLivenessHead)
		if err != nil || asked.Shown != "FRA" {
			w.Fatalf("challenge %+v, %v", asked, err)
		}
		if left := w.left(); left != 5 {
			w.Errorf("asking cost %d units", 5-left)
		}
		_, err = w.checks.Respond(ctx, w.me, row.ID, idem.TechFace2Face, tech.Evidence{Country: "FRA"})
		if err == nil {
			w.Error("another technology answered")
		}
		stranger := w.me
		stranger.Org = storetest.NewOrganisation(w, w.store)
		if _, err = w.checks.Respond(ctx, stranger, row.ID, idem.TechLivenessHead, tech.Evidence{Country: "FRA"}); err == nil {
			w.Error("another organisation answered")
		}
		done, err := w.checks.Respond(ctx, w.me, row.ID, idem.TechLivenessHead, tech.Evidence{Country: "FRA"})
		if err != nil || !done.Outcome.Passed {
			w.Errorf("the answer: %+v, %v", done, err)
		}
		_, err = w.checks.Respond(ctx, w.me, row.ID, idem.TechLivenessHead, tech.Evidence{Country: "FRA"})
		w.wants(err, idem.ErrCheckEnded)
		if left := w.left(); left != 4 {
			w.Errorf("%d units are left, want 4", left)
		}
	})
}

func keep(memo string, valid time.Duration) func(context.Context) ([]byte, time.Duration, error) {
	return func(context.Context) ([]byte, time.Duration, error) { return []byte(memo), valid, nil }
}

func TestAttemptsAreCounted(t *testing.T) {
	each(t, 5, func(w world) {
		ctx, wrong := w.Context(), errors.New("wrong code")
		row, err := w.checks.Begin(ctx, w.me, idem.TechLivenessHead, keep("1234", time.Minute))
		if err != nil {
			w.Fatal(err)
		}
		refuse := func(context.Context, []byte) (tech.Outcome, error) { return tech.Outcome{}, wrong }
		_, err = w.checks.Answer(ctx, w.me, row.ID, idem.TechLivenessHead, 2, refuse)
		w.wants(err, wrong)
		done, err := w.checks.Answer(ctx, w.me, row.ID, idem.TechLivenessHead, 2, func(_ context.Context, memo []byte) (tech.Outcome, error) {
			return tech.Outcome{Passed: string(memo) == "1234"}, nil
		})
		if err != nil || !done.Outcome.Passed {
			w.Errorf("the second attempt: %+v, %v", done, err)
		}
		late, err := w.checks.Begin(ctx, w.me, idem.TechLivenessHead, keep("", -time.Second))
		if err != nil {
			w.Fatal(err)
		}
		_, err = w.checks.Answer(ctx, w.me, late.ID, idem.TechLivenessHead, 2, refuse)
		w.wants(err, idem.ErrCheckExpired)
	})
}

func TestRunEndsAtItsLimit(t *testing.T) {
	each(t, 1, func(w world) {
		w.tech.blocked = make(chan struct{})
		_, err := w.checks.Run(w.Context(), w.me, idem.TechLivenessHead, tech.Evidence{Country: "KAZ"})
		w.wants(err, run.ErrBusy)
		if left := w.left(); left != 1 {
			w.Error("a check without result was paid")
		}
	})
}
