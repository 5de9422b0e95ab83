package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/webhook"
)

// call is what the receiver got.
type call struct {
	header http.Header
	body   []byte
	event  struct {
		ID        string
		Event     idem.EventName
		SessionID *string `json:"session_id"`
		Created   int64
		Success   bool
		FlowName  string `json:"flow_name"`
		Metadata  map[string]any
		Data      map[string]any
	}
}

// receiver answers with the next of its answers, 204 when there is none.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	calls   []call
}

func newReceiver(t *testing.T, answers ...http.HandlerFunc) *receiver {
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		c := call{header: request.Header}
		var err error
		if c.body, err = io.ReadAll(request.Body); err == nil {
			err = json.Unmarshal(c.body, &c.event)
		}
		if err != nil {
			t.Error(err)
		}
		r.next(c)(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) next(c call) http.HandlerFunc {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	if len(r.answers) == 0 {
		return status(204, "")
	}
	first := r.answers[0]
	r.answers = r.answers[1:]
	return first
}

func (r *receiver) got() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// world is an organisation with a flow, on a clock that goes ten thousand times
// as fast: ten seconds are a millisecond, three days are 26 seconds.
type world struct {
	*testing.T
	store store.Store
	keys  *storetest.Keys
	hooks *webhook.Webhooks
	me    idem.Principal
	flow  idem.FlowID
	log   *bytes.Buffer
	now   func() time.Time
}

func each(t *testing.T, f func(world)) {
	begun := time.Now()
	now := func() time.Time { return begun.Add(time.Since(begun) * 10_000) }
	keys := storetest.Sealer()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		w := world{T: t, store: s, keys: keys, log: &bytes.Buffer{}, now: now}
		w.me = idem.Principal{Org: storetest.NewOrganisation(t, s), Permissions: idem.AllPermissions(),
			Actor: idem.Actor{Source: idem.SourceAPI, Credential: "key"}}
		w.flow = w.newFlow()
		w.hooks = w.with("127.0.0.1")
		f(w)
	}, storetest.WithClock(now), storetest.WithSealer(keys))
}

func (w world) with(allowed ...string) *webhook.Webhooks {
	w.Helper()
	guard, err := webhook.NewGuard(allowed, nil)
	if err != nil {
		w.Fatal(err)
	}
	return webhook.New(webhook.Deps{Store: w.store, Guard: guard, IDs: idem.UUIDv7{}, Now: w.now, Account: "server"})
}

func (w world) update(f func(store.Tx) error) {
	w.Helper()
	if err := w.store.Update(w.Context(), w.me.Org, f); err != nil {
		w.Fatal(err)
	}
}

func (w world) newFlow() idem.FlowID {
	id, key := idem.FlowID(idem.UUIDv7{}.New()), idem.CredentialID(idem.UUIDv7{}.New())
	w.update(func(tx store.Tx) error {
		err := tx.Credentials().Insert(w.Context(), idem.Credential{ID: key, Kind: idem.CredentialFlow}, sha256.Sum256([]byte(key)), "")
		return errors.Join(err, tx.Flows().Insert(w.Context(), idem.Flow{ID: id, Name: string(id), Technologies: []idem.TechCode{idem.TechLivenessHead},
			Key: key, SessionTime: time.Hour, Attempts: 1, CreatedAt: tx.Now()}))
	})
	return id
}

func (w world) create(url string) idem.Webhook {
	w.Helper()
	hook, err := w.hooks.Create(w.Context(), w.me, w.flow, webhook.NewWebhook{URL: url})
	if err != nil {
		w.Fatal(err)
	}
	return hook
}

func (w world) session() idem.Session {
	return idem.Session{ID: idem.SessionID(idem.UUIDv7{}.New()), Flow: w.flow, FlowName: "Onboarding", Metadata: []byte(`{"custom_id":"C-1"}`),
		DataKey: idem.DataKeyID("session:" + idem.UUIDv7{}.New())}
}

func (w world) emit(s idem.Session, names ...idem.EventName) {
	w.Helper()
	for _, name := range names {
		w.update(func(tx store.Tx) error {
			return w.hooks.Emit(w.Context(), tx, webhook.Event{Session: s, Name: name, Success: true, Data: map[string]any{"of": name}})
		})
	}
}

// run delivers until the test ends or stop is called.
func (w world) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	r := job.New(job.Deps{Store: w.store, Workers: []job.Worker{w.hooks.Worker()}, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Now: w.now, Poll: 2 * time.Millisecond, Lease: 10_000 * time.Hour})
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.Cleanup(stop)
	return stop
}

// await waits until as many jobs as given are in the state.
func (w world) await(state store.JobState, n int) {
	w.Helper()
	for found := -1; found != n; time.Sleep(time.Millisecond) {
		w.update(func(tx store.Tx) error {
			list, _, err := tx.Jobs().List(w.Context(), state, "", store.Page{Limit: 100})
			found = len(list)
			return err
		})
	}
}

func (w world) deliveries(id idem.WebhookID) []store.Delivery {
	w.Helper()
	list, _, err := w.hooks.Deliveries(w.Context(), w.me, id, store.Page{Limit: 100})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

func TestPersons_56_SixthWebhookIsRefused(t *testing.T) {
	each(t, func(w world) {
		for range idem.MaxWebhooks {
			w.create("https://example.org/hook")
		}
		_, err := w.hooks.Create(w.Context(), w.me, w.flow, webhook.NewWebhook{URL: "https://example.org/hook"})
		if !errors.Is(err, idem.ErrWebhookLimit) || idem.KindOf(err) != idem.Unprocessable {
			t.Errorf("a sixth webhook: %v", err)
		}
		if list, err := w.hooks.List(w.Context(), w.me, w.flow); err != nil || len(list) != idem.MaxWebhooks || list[0].Secret != "" {
			t.Errorf("%d webhooks, %v", len(list), err)
		}
	})
}

func TestPersons_57_FailingReceiverGetsTheSameEventAgain(t *testing.T) {
	each(t, func(w world) {
		r := newReceiver(t, status(500, "first"), status(500, strings.Repeat("x", 5000)))
		hook, s := w.create(r.URL+"/?token=t0ken"), w.session()
		w.emit(s, idem.EventFlowEnd)
		w.run()
		w.await(store.JobDone, 1)
		calls := r.got()
		if len(calls) != 3 {
			t.Fatalf("%d calls, want 3", len(calls))
		}
		for _, c := range calls {
			checkCall(t, c, hook, s)
			if !bytes.Equal(c.body, calls[0].body) {
				t.Error("a retry has another body")
			}
		}
		log := w.deliveries(hook.ID)
		if len(log) != 3 || log[0].Status != 204 || log[0].Fault != "" || log[1].Fault != "WEBHOOK_REFUSED" || log[1].Attempt != 2 ||
			len(log[1].Reply) != 1024 || string(log[2].Reply) != "first" || string(log[2].Event) != calls[0].event.ID {
			t.Errorf("deliveries %+v", log)
		}
		if text := w.log.String(); !strings.Contains(text, "WEBHOOK_REFUSED") || strings.Contains(text, "t0ken") || strings.Contains(text, "C-1") {
			t.Errorf("the log tells %s", text)
		}
	})
}

// checkCall computes the signatures as a receiver does.
func checkCall(t *testing.T, c call, hook idem.Webhook, s idem.Session) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hook.Secret, "whsec_"))
	if err != nil || len(key) != 32 {
		t.Fatalf("a key of %d bytes, %v", len(key), err)
	}
	sum := func(text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	id, stamp := c.header.Get("webhook-id"), c.header.Get("webhook-timestamp")
	if want := "v1," + base64.StdEncoding.EncodeToString(sum(id+"."+stamp+"."+string(c.body))); c.header.Get("webhook-signature") != want {
		t.Errorf("signature %q, want %q", c.header.Get("webhook-signature"), want)
	}
	if want := "v1=" + hex.EncodeToString(sum(stamp+"."+string(c.body))); c.header.Get("X-Webhook-Signature") != want || c.header.Get("X-Webhook-Timestamp") != stamp {
		t.Errorf("X signature %q, want %q", c.header.Get("X-Webhook-Signature"), want)
	}
	e := c.event
	if e.ID != id || e.Event != idem.EventFlowEnd || *e.SessionID != string(s.ID) || e.Created == 0 || !e.Success || e.FlowName != "Onboarding" ||
		e.Metadata["custom_id"] != "C-1" || e.Data["of"] != string(idem.EventFlowEnd) {
		t.Errorf("event %s", c.body)
	}
}

func TestEventsOfASessionKeepTheirOrder(t *testing.T) {
	each(t, func(w world) {
		slow := func(h http.ResponseWriter, _ *http.Request) { time.Sleep(20 * time.Millisecond); h.WriteHeader(503) }
		r, healthy := newReceiver(t, slow, slow), newReceiver(t)
		w.create(r.URL)
		w.create(healthy.URL)
		names := []idem.EventName{idem.EventFlowStart, idem.EventTechnologyStart, idem.EventTechnologyEnd, idem.EventFlowEnd}
		w.emit(w.session(), names...)
		w.run()
		w.await(store.JobDone, 8)
		for receiver, want := range map[*receiver][]idem.EventName{r: append([]idem.EventName{idem.EventFlowStart, idem.EventFlowStart}, names...), healthy: names} {
			var got []idem.EventName
			for _, c := range receiver.got() {
				got = append(got, c.event.Event)
			}
			if !slices.Equal(got, want) {
				t.Errorf("events %v, want %v", got, want)
			}
		}
	})
}

func TestGoneDisables(t *testing.T) {
	each(t, func(w world) {
		r := newReceiver(t, status(410, ""))
		hook, s := w.create(r.URL), w.session()
		w.emit(s, idem.EventFlowStart, idem.EventFlowEnd)
		w.run()
		w.await(store.JobDone, 2)
		list, err := w.hooks.List(w.Context(), w.me, w.flow)
		if err != nil || list[0].Enabled || list[0].Reason != idem.WebhookGone || len(r.got()) != 1 {
			t.Errorf("behind 410: %+v, %v, %d calls", list, err, len(r.got()))
		}
		enabled := true
		if _, err := w.hooks.Save(w.Context(), w.me, hook.ID, webhook.Change{Enabled: &enabled}); err != nil {
			t.Fatal(err)
		}
		if err := w.hooks.Replay(w.Context(), w.me, hook.ID, idem.EventID(r.got()[0].event.ID)); err != nil {
			t.Fatal(err)
		}
		w.await(store.JobDone, 3)
		if calls := r.got(); len(calls) != 2 || !bytes.Equal(calls[0].body, calls[1].body) {
			t.Errorf("a replay: %d calls", len(calls))
		}
		if err := w.hooks.Replay(w.Context(), w.me, hook.ID, "none"); !errors.Is(err, idem.ErrEventNotFound) {
			t.Errorf("a replay of nothing: %v", err)
		}
	})
}

func TestErasedSessionIsNotSent(t *testing.T) {
	each(t, func(w world) {
		r, s := newReceiver(t), w.session()
		w.create(r.URL)
		w.emit(s, idem.EventFlowEnd)
		w.keys.Destroy(s.DataKey)
		w.run()
		w.await(store.JobDone, 1)
		if n := len(r.got()); n != 0 {
			t.Errorf("%d calls for an erased session", n)
		}
	})
}

// TestRefusalsOfTheNetwork tries receivers that must not be reached, and that
// answer as they must not.
func TestRefusalsOfTheNetwork(t *testing.T) {
	each(t, func(w world) {
		target := newReceiver(t)
		redirect := newReceiver(t, func(h http.ResponseWriter, r *http.Request) {
			http.Redirect(h, r, target.URL, http.StatusTemporaryRedirect)
		})
		secure := httptest.NewTLSServer(status(204, ""))
		secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		defer secure.Close()
		closed := newReceiver(t)
		closed.Close()
		for name, c := range map[string]struct {
			url, fault string
			status     int
		}{
			"redirect":            {redirect.URL, "WEBHOOK_REFUSED", 307},
			"unknown certificate": {secure.URL, "WEBHOOK_UNREACHABLE", 0},
			"nobody":              {closed.URL, "WEBHOOK_UNREACHABLE", 0},
		} {
			d, err := w.hooks.Test(w.Context(), w.me, w.create(c.url).ID)
			if err != nil || d.Fault != c.fault || d.Status != c.status {
				t.Errorf("%s: %+v, %v", name, d, err)
			}
		}
		if len(target.got()) != 0 {
			t.Error("the redirect was followed")
		}
		hook := w.create(target.URL)
		d, err := w.with().Test(w.Context(), w.me, hook.ID) // what was allowed once is not any more
		if err != nil || d.Fault != "WEBHOOK_URL_INVALID" || len(target.got()) != 0 {
			t.Errorf("a receiver that is not allowed: %+v, %v", d, err)
		}
	})
}

func TestTestDelivery(t *testing.T) {
	each(t, func(w world) {
		r := newReceiver(t, status(200, "fine"))
		hook := w.create(r.URL)
		d, err := w.hooks.Test(w.Context(), w.me, hook.ID)
		if err != nil || d.Status != 200 || string(d.Reply) != "fine" || d.Took <= 0 {
			t.Errorf("test delivery %+v, %v", d, err)
		}
		if c := r.got()[0]; c.event.Event != "webhook.test" || c.event.SessionID != nil || c.header.Get("webhook-id") != c.event.ID {
			t.Errorf("the receiver got %s", c.body)
		}
		if log := w.deliveries(hook.ID); len(log) != 1 || log[0].Attempt != 0 {
			t.Errorf("deliveries %+v", log)
		}
	})
}

func TestTLSReceiverIsVerified(t *testing.T) {
	each(t, func(w world) {
		secure := httptest.NewTLSServer(status(204, ""))
		defer secure.Close()
		roots := x509.NewCertPool()
		roots.AddCert(secure.Certificate())
		guard, err := webhook.NewGuard([]string{"127.0.0.0/8"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		hooks := webhook.New(webhook.Deps{Store: w.store, Guard: guard, IDs: idem.UUIDv7{}, Roots: roots})
		d, err := hooks.Test(w.Context(), w.me, w.create(secure.URL).ID)
		if err != nil || d.Status != 204 {
			t.Errorf("a verified receiver: %+v, %v", d, err)
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	each(t, func(w world) {
		hook := w.create("https://example.org/")
		nobody := idem.Principal{Org: w.me.Org}
		stranger := w.me
		stranger.Org = storetest.NewOrganisation(t, w.store)
		ctx := w.Context()
		calls := map[string]func(idem.Principal) error{
			"save":   func(p idem.Principal) error { _, err := w.hooks.Save(ctx, p, hook.ID, webhook.Change{}); return err },
			"secret": func(p idem.Principal) error { _, err := w.hooks.Secret(ctx, p, hook.ID); return err },
			"delete": func(p idem.Principal) error { return w.hooks.Delete(ctx, p, hook.ID) },
			"test":   func(p idem.Principal) error { _, err := w.hooks.Test(ctx, p, hook.ID); return err },
			"replay": func(p idem.Principal) error { return w.hooks.Replay(ctx, p, hook.ID, "e") },
			"deliveries": func(p idem.Principal) error {
				_, _, err := w.hooks.Deliveries(ctx, p, hook.ID, store.Page{Limit: 1})
				return err
			},
		}
		for name, call := range calls {
			if err := call(nobody); !errors.Is(err, idem.ErrRoleForbidden) {
				t.Errorf("%s without permission: %v", name, err)
			}
			if err := call(stranger); !errors.Is(err, idem.ErrWebhookNotFound) {
				t.Errorf("%s from another organisation: %v", name, err)
			}
		}
		if _, err := w.hooks.Create(ctx, stranger, w.flow, webhook.NewWebhook{URL: "https://example.org/"}); !errors.Is(err, idem.ErrFlowNotFound) {
			t.Errorf("a webhook of a foreign flow: %v", err)
		}
		again, err := w.hooks.Save(ctx, w.me, hook.ID, webhook.Change{NewSecret: true})
		if err != nil || again.Secret == hook.Secret {
			t.Errorf("a new secret: %v", err)
		}
		if shown, err := w.hooks.Secret(ctx, w.me, hook.ID); err != nil || shown != again.Secret {
			t.Errorf("the secret shown again: %v", err)
		}
		if err := w.hooks.Delete(ctx, w.me, hook.ID); err != nil {
			t.Error(fmt.Errorf("delete: %w", err))
		}
	})
}
