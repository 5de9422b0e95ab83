package check_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
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
		w.subscribe(idem.TechLivenessHead, units)
		f(w)
	})
}

func (w world) subscribe(code idem.TechCode, units int64) {
	w.Helper()
	err := w.store.Update(w.Context(), w.me.Org, func(tx store.Tx) error {
		return tx.Subscriptions().Insert(w.Context(), idem.Subscription{ID: idem.SubscriptionID(idem.UUIDv7{}.New()),
			Technology: code, Status: idem.SubscriptionActive, Total: units, Left: units, PurchasedAt: tx.Now()})
	})
	if err != nil {
		w.Fatal(err)
	}
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

// asker is a technology whose one provider sends the code 1234.
type asker struct {
	echo
	sent  atomic.Int64
	valid time.Duration
	fails error // of the sending
}

func (a *asker) Code() idem.TechCode { return idem.TechEDocument }

func (a *asker) Begin(ctx context.Context, name string, r provider.Request, admit func(context.Context) error) ([]byte, time.Duration, error) {
	if name != "" {
		return nil, 0, provider.ErrUnknown
	}
	if err := admit(ctx); err != nil {
		return nil, 0, err
	}
	if a.fails != nil {
		return nil, 0, a.fails
	}
	a.sent.Add(1)
	return []byte("1234"), a.valid, nil
}

func (a *asker) Approve(_ context.Context, memo []byte, code string) (tech.Outcome, error) {
	if code != string(memo) {
		return tech.Outcome{}, provider.ErrCode
	}
	return tech.Outcome{Technology: idem.TechEDocument, Passed: true}, nil
}

// eachAsking is each with a technology that asks a provider, and a clock.
func eachAsking(t *testing.T, f func(w world, a *asker, clock *atomic.Int64)) {
	clock := &atomic.Int64{}
	now := func() time.Time { return time.Now().Add(time.Duration(clock.Load())) }
	storetest.Each(t, func(t *testing.T, s store.Store) {
		clock.Store(0)
		a := &asker{valid: time.Minute}
		w := world{T: t, store: s, me: idem.Principal{Org: storetest.NewOrganisation(t, s), Permissions: idem.AllPermissions()}}
		w.checks = check.New(check.Deps{Store: s, Technologies: []tech.Technology{a}, IDs: idem.UUIDv7{}})
		w.subscribe(idem.TechEDocument, 5)
		f(w, a, clock)
	}, storetest.WithClock(now))
}

func holder(n int) provider.Request {
	return provider.Request{PersonalNumber: fmt.Sprintf("9001024%05d", n), Phone: fmt.Sprintf("+770100%05d", n)}
}

func TestAttemptsAreCounted(t *testing.T) {
	eachAsking(t, func(w world, a *asker, _ *atomic.Int64) {
		ctx := w.Context()
		row, err := w.checks.AskProvider(ctx, w.me, "", holder(1))
		if err != nil {
			w.Fatal(err)
		}
		_, err = w.checks.Approve(ctx, w.me, row.ID, "0000")
		w.wants(err, provider.ErrCode)
		done, err := w.checks.Approve(ctx, w.me, row.ID, "1234")
		if err != nil || !done.Outcome.Passed {
			w.Errorf("the second attempt: %+v, %v", done, err)
		}
		a.valid = -time.Second
		late, err := w.checks.AskProvider(ctx, w.me, "", holder(1))
		if err != nil {
			w.Fatal(err)
		}
		_, err = w.checks.Approve(ctx, w.me, late.ID, "1234")
		w.wants(err, idem.ErrCheckExpired)
	})
}

// TestCodesAreLimited: a phone, and the holder of a number, get three codes in
// ten minutes and ten in a day, whoever else is asked.
func TestCodesAreLimited(t *testing.T) {
	eachAsking(t, func(w world, a *asker, clock *atomic.Int64) {
		ask := func(r provider.Request) error {
			_, err := w.checks.AskProvider(w.Context(), w.me, "", r)
			return err
		}
		limited := func(r provider.Request, least, most int) {
			w.Helper()
			e := (*idem.Error)(nil)
			if err := ask(r); !errors.As(err, &e) || e.Code != "RATE_LIMITED" || e.Kind != idem.Limited || e.Details["limit"] != "receiver" {
				w.Fatalf("one code too many: %v", err)
			}
			if after := e.Details["retry_after"].(int); after < least || after > most {
				w.Errorf("retry after %d s, want %d to %d", after, least, most)
			}
		}
		for range 3 {
			if err := ask(holder(1)); err != nil {
				w.Fatal(err)
			}
		}
		limited(holder(1), 540, 600)
		limited(provider.Request{PersonalNumber: holder(2).PersonalNumber, Phone: holder(1).Phone}, 540, 600)
		limited(provider.Request{PersonalNumber: holder(1).PersonalNumber, Phone: holder(2).Phone}, 540, 600)
		if err := ask(holder(2)); err != nil {
			w.Errorf("another receiver: %v", err)
		}
		_, err := w.checks.AskProvider(w.Context(), w.me, "nobody", holder(3))
		w.wants(err, provider.ErrUnknown)
		for round := 1; round <= 3; round++ {
			clock.Store(int64(round) * int64(11*time.Minute))
			for range min(3, 10-3*round) {
				if err := ask(holder(1)); err != nil {
					w.Fatalf("round %d: %v", round, err)
				}
			}
		}
		limited(holder(1), 23*3600, 24*3600)
		if sent := a.sent.Load(); sent != 11 {
			w.Errorf("%d codes were sent, want 11", sent)
		}
		clock.Store(int64(25 * time.Hour))
		if err := ask(holder(1)); err != nil {
			w.Errorf("a day later: %v", err)
		}
		if n, err := w.store.System().ExpireCodes(w.Context(), time.Now().Add(2*time.Hour)); n != 33 || err != nil {
			w.Errorf("%d rows were forgotten, %v; want 33, three a code", n, err)
		}
	})
}

// TestUnsentCodesDoNotCount: what surely went to nobody is taken back, what may
// have gone out is not.
func TestUnsentCodesDoNotCount(t *testing.T) {
	eachAsking(t, func(w world, a *asker, _ *atomic.Int64) {
		ask := func() error {
			_, err := w.checks.AskProvider(w.Context(), w.me, "", holder(1))
			return err
		}
		if err := ask(); err != nil {
			w.Fatal(err)
		}
		a.fails = provider.ErrUnavailable.Because(provider.ErrUnsent)
		for range 12 {
			w.wants(ask(), provider.ErrUnavailable)
		}
		for _, a.fails = range []error{provider.ErrUnavailable, provider.ErrHolder} {
			w.wants(ask(), a.fails)
		}
		a.fails = nil
		w.wants(ask(), idem.ErrCodeLimit)
		if n, err := w.store.System().ExpireCodes(w.Context(), time.Now().Add(time.Hour)); n != 9 || err != nil {
			w.Errorf("%d rows are kept, %v; want 9, three a code", n, err)
		}
	})
}

// TestCodesOfAnOrganisation: the organisation's setting bounds all receivers
// together, and another organisation's not at all.
func TestCodesOfAnOrganisation(t *testing.T) {
	eachAsking(t, func(w world, _ *asker, _ *atomic.Int64) {
		err := w.store.Update(w.Context(), w.me.Org, func(tx store.Tx) error {
			o, err := tx.Organisations().Get(w.Context())
			if err != nil {
				return err
			}
			o.Settings.CodesPerHour = 4
			return tx.Organisations().Save(w.Context(), &o)
		})
		if err != nil {
			w.Fatal(err)
		}
		for n := range 4 {
			if _, err := w.checks.AskProvider(w.Context(), w.me, "", holder(n)); err != nil {
				w.Fatal(err)
			}
		}
		_, err = w.checks.AskProvider(w.Context(), w.me, "", holder(5))
		if e := (*idem.Error)(nil); !errors.As(err, &e) || e.Code != "RATE_LIMITED" || e.Details["limit"] != "organisation" {
			w.Errorf("the fifth code: %v", err)
		}
		w.me.Org = storetest.NewOrganisation(w, w.store)
		w.subscribe(idem.TechEDocument, 5)
		if _, err := w.checks.AskProvider(w.Context(), w.me, "", holder(1)); err != nil {
			w.Errorf("another organisation: %v", err)
		}
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
