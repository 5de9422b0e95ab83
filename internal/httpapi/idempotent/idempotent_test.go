package idempotent_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/idempotent"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

type clock struct{ shift atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.shift.Load())) }

func (c *clock) advance(d time.Duration) { c.shift.Add(int64(d)) }

func each(t *testing.T, f func(*testing.T, store.Store, idem.Principal, *clock)) {
	c := &clock{}
	storetest.Each(t, func(t *testing.T, s store.Store) {
		org := storetest.NewOrganisation(t, s)
		f(t, s, idem.Principal{Org: org, Actor: idem.Actor{Source: idem.SourceAPI, Credential: "key"}}, c)
	}, storetest.WithClock(c.Now))
}

var once = idempotent.Request{Key: "k", Method: "POST", Path: "/x", Digest: [32]byte{1}}

// answering is a request that counts its runs.
func answering(runs *int, status int, body string) func(context.Context, *idempotent.Claim) (idempotent.Answer, error) {
	return func(context.Context, *idempotent.Claim) (idempotent.Answer, error) {
		*runs++
		return idempotent.Answer{Status: status, Body: []byte(body)}, nil
	}
}

func TestAnswerIsRepeated(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, p idem.Principal, c *clock) {
		runs := 0
		do := func(p idem.Principal, r idempotent.Request) (idempotent.Answer, error) {
			return idempotent.Do(t.Context(), s, p, r, answering(&runs, 201, "made"))
		}
		for i := range 3 {
			a, err := do(p, once)
			if err != nil || a.Status != 201 || string(a.Body) != "made" || a.Replayed != (i > 0) {
				t.Errorf("answer %d: %+v, %v", i, a, err)
			}
		}
		if runs != 1 {
			t.Errorf("ran %d times", runs)
		}
		other := once
		other.Digest[0]++
		if _, err := do(p, other); !errors.Is(err, idempotent.ErrMismatch) {
			t.Errorf("another body: %v", err)
		}
		for name, r := range map[string]idempotent.Request{
			"path": {Key: "k", Method: "POST", Path: "/y"}, "method": {Key: "k", Method: "PUT", Path: "/x"}, "key": {Key: "l", Method: "POST", Path: "/x"},
		} {
			if a, err := do(p, r); err != nil || a.Replayed {
				t.Errorf("another %s: %+v, %v", name, a, err)
			}
		}
		stranger := p
		stranger.Actor.Credential = "other"
		if a, err := do(stranger, once); err != nil || a.Replayed {
			t.Errorf("another credential: %+v, %v", a, err)
		}
		c.advance(idempotent.Keep + time.Minute)
		if a, err := do(p, once); err != nil || a.Replayed {
			t.Errorf("after %s: %+v, %v", idempotent.Keep, a, err)
		}
		no := idempotent.Request{}
		if a, err := do(p, no); err != nil || a.Replayed {
			t.Errorf("without a key: %+v, %v", a, err)
		}
	})
}

func TestRefusalFreesTheKey(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, p idem.Principal, _ *clock) {
		boom := errors.New("boom")
		_, err := idempotent.Do(t.Context(), s, p, once, func(context.Context, *idempotent.Claim) (idempotent.Answer, error) {
			return idempotent.Answer{}, boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("error %v", err)
		}
		runs := 0
		if a, err := idempotent.Do(t.Context(), s, p, once, answering(&runs, 409, "no")); err != nil || a.Status != 409 {
			t.Errorf("refusal %+v, %v", a, err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_, _ = idempotent.Do(t.Context(), s, p, once, func(context.Context, *idempotent.Claim) (idempotent.Answer, error) { panic("boom") })
		}()
		if a, err := idempotent.Do(t.Context(), s, p, once, answering(&runs, 200, "yes")); err != nil || a.Replayed || a.Status != 200 {
			t.Errorf("after all: %+v, %v", a, err)
		}
	})
}

func TestConcurrentRequestIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, p idem.Principal, c *clock) {
		started, release := make(chan struct{}), make(chan struct{})
		var first sync.WaitGroup
		first.Go(func() {
			_, err := idempotent.Do(t.Context(), s, p, once, func(context.Context, *idempotent.Claim) (idempotent.Answer, error) {
				close(started)
				<-release
				return idempotent.Answer{Status: 201, Body: []byte("first")}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-started
		runs := 0
		if _, err := idempotent.Do(t.Context(), s, p, once, answering(&runs, 201, "second")); !errors.Is(err, idempotent.ErrInProgress) || runs != 0 {
			t.Errorf("while the first runs: %v", err)
		}
		close(release)
		first.Wait()
		if a, err := idempotent.Do(t.Context(), s, p, once, answering(&runs, 201, "second")); err != nil || string(a.Body) != "first" {
			t.Errorf("afterwards: %+v, %v", a, err)
		}
	})
}

func TestDeadClaimIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, p idem.Principal, c *clock) {
		dead := once
		dead.Path = "/dead"
		claim(t, s, p, dead)
		runs := 0
		if _, err := idempotent.Do(t.Context(), s, p, dead, answering(&runs, 201, "x")); !errors.Is(err, idempotent.ErrInProgress) {
			t.Errorf("before the lease ended: %v", err)
		}
		c.advance(idempotent.Lease + time.Second)
		if a, err := idempotent.Do(t.Context(), s, p, dead, answering(&runs, 201, "x")); err != nil || a.Replayed || runs != 1 {
			t.Errorf("after the lease ended: %+v, %v", a, err)
		}
	})
}

// claim leaves the row of a process that died.
func claim(t *testing.T, s store.Store, p idem.Principal, r idempotent.Request) {
	err := s.Update(t.Context(), p.Org, func(tx store.Tx) error {
		key := strings.Join([]string{string(p.Actor.Credential) + "/", r.Method, r.Path, r.Key}, "\n")
		_, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: key, Request: r.Digest})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAnswerIsRememberedWithTheChange loses the answer behind its transaction:
// the repetition must not make the change again.
func TestAnswerIsRememberedWithTheChange(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, p idem.Principal, _ *clock) {
		boom := errors.New("the connection broke behind the commit")
		_, err := idempotent.Do(t.Context(), s, p, once, func(ctx context.Context, c *idempotent.Claim) (idempotent.Answer, error) {
			err := s.Update(ctx, p.Org, func(tx store.Tx) error { return c.Finish(ctx, tx, 201, []byte("made")) })
			return idempotent.Answer{}, errors.Join(err, boom)
		})
		if !errors.Is(err, boom) {
			t.Errorf("error %v", err)
		}
		runs := 0
		if a, err := idempotent.Do(t.Context(), s, p, once, answering(&runs, 201, "again")); err != nil || string(a.Body) != "made" || !a.Replayed || runs != 0 {
			t.Errorf("repeated: %+v, %v, %d runs", a, err, runs)
		}
	})
}

func TestFromHTTP(t *testing.T) {
	read := func(body string, keys ...string) (idempotent.Request, error) {
		r := httptest.NewRequest("POST", "/a/%0a/b/", nil)
		for _, k := range keys {
			r.Header.Add(idempotent.Header, k)
		}
		return idempotent.FromHTTP(r, []byte(body))
	}
	if r, err := read("x"); err != nil || r != (idempotent.Request{}) {
		t.Errorf("without a key: %+v, %v", r, err)
	}
	a, err := read("x", "k")
	if err != nil || a.Key != "k" || a.Method != "POST" || a.Path != "/a/%0a/b" {
		t.Errorf("request %+v, %v", a, err)
	}
	if b, _ := read("y", "k"); b.Digest == a.Digest {
		t.Error("two bodies have one digest")
	}
	for _, key := range []string{"", "a b", "ä", "a\tb", strings.Repeat("k", 256)} {
		if _, err := read("x", key); !errors.Is(err, idempotent.ErrKey) {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if _, err := read("x", "a", "b"); !errors.Is(err, idempotent.ErrKey) {
		t.Errorf("two keys: %v", err)
	}
}
