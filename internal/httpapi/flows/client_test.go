package flows_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/flow/report"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

// work delivers events and collects sessions until the test ends.
func (s *server) work() {
	s.Helper()
	s.Flows.Emit = func(ctx context.Context, tx store.Tx, e flow.Event) error {
		success, data := report.Told(e.Name, e.Session, e.Step, e.Collection)
		return s.hooks.Emit(ctx, tx, webhook.Event{Session: *e.Session, Name: e.Name, Success: success, Data: data})
	}
	runner := job.New(job.Deps{Store: s.Store, Log: slog.New(slog.DiscardHandler), Now: s.Clock.Now, Poll: 10 * time.Millisecond,
		Workers: []job.Worker{s.hooks.Worker(), s.Flows.Worker()}})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	s.TB.(*testing.T).Cleanup(func() {
		stop()
		s.Must(<-ended)
	})
}

// client is one that tells of refusals at once.
func (s *server) client() *client.Client {
	s.Helper()
	c, err := client.New(s.url, s.Secret, client.WithAttempts(1, 0))
	s.Must(err)
	return c
}

// session is the client of those who run the steps.
func (s *server) session(id string) *client.SessionClient {
	s.Helper()
	c, err := client.ForSession(s.url, id, client.WithAttempts(1, 0))
	s.Must(err)
	return c
}

// must fails the test on an error.
func must[T any](v T, err error) func(*server) T {
	return func(s *server) T {
		s.Helper()
		s.Must(err)
		return v
	}
}

func (s *server) wants(err error, status int, code string) {
	s.Helper()
	refused, ok := err.(*client.Error)
	if !ok || refused.Status != status || refused.Code != code {
		s.Errorf("got %v, want %d %s", err, status, code)
	}
}

// inbox receives events as an integrator does.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	events []client.Event
	forged int
}

func newInbox(s *server) *inbox {
	in := &inbox{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		e, err := client.ReadEvent(in.secret, r.Header, body, s.Clock.Now())
		if err != nil {
			in.forged++
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		in.events = append(in.events, e)
	}))
	s.TB.(*testing.T).Cleanup(in.Close)
	return in
}

func (in *inbox) trust(secret string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.secret = secret
}

// await waits until a number of events has come.
func (in *inbox) await(s *server, n int) []client.Event {
	s.Helper()
	for range 1000 {
		in.mu.Lock()
		got := slices.Clone(in.events)
		in.mu.Unlock()
		if len(got) >= n {
			return got
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatalf("%d events did not come", n)
	return nil
}

func names(list []client.Event) (out []string) {
	for _, e := range list {
		out = append(out, e.Name)
	}
	return out
}

// awaitCollection waits until a session's collection has ended.
func (s *server) awaitCollection(c *client.Client, session string) client.Collection {
	s.Helper()
	for range 1000 {
		for one, err := range c.Collections(s.Context(), client.CollectionsQuery{PageSize: 1}) {
			s.Must(err)
			if one.SessionID == session && one.State != client.CollectionQueued {
				return one
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatalf("session %s is not collected", session)
	return client.Collection{}
}

// TestPublicClientOfFlows defines a flow, runs it as a person does and reads
// what came of it, all with the public client.
func TestPublicClientOfFlows(t *testing.T) {
	each(t, func(s *server) {
		s.work()
		c, ctx, in := s.client(), s.Context(), newInbox(s)
		if codes := must(c.Technologies(ctx))(s); !slices.Contains(codes, client.Face2Face) || slices.Contains(codes, "PERSONS") {
			s.Errorf("technologies %v", codes)
		}
		f := must(c.CreateFlow(ctx, client.NewFlow{Name: "Onboarding", SessionSeconds: 600,
			Technologies: []string{client.LivenessHead, client.ElectronicDocument, client.DocumentRecognition, client.Face2Face}}))(s)
		if f.Key == nil || f.SessionSeconds != 600 || f.Attempts != 3 || !f.Config.Collect || f.Config.FailedMatch != "EXCLUDE_LIVE" {
			s.Errorf("the flow is %+v", f)
		}
		hook := must(c.CreateWebhook(ctx, f.ID, in.URL))(s)
		in.trust(hook.Secret)
		of := must(client.ForFlow(s.url, *f.Key, client.WithAttempts(1, 0)))(s)
		opened := must(of.Open(ctx, client.NewSession{Metadata: object{"custom_id": "crm 1", "n": 1.50}, Locale: "en"}))(s)
		s.runs(opened)
		s.found(must(of.Result(ctx, opened.ID))(s))
		if events := in.await(s, 10); fmt.Sprint(names(events)[:2]) != "[flow.start technology.start]" || names(events)[9] != client.EventFlowEnd ||
			events[9].SessionID != opened.ID || !events[9].Success || string(events[9].Metadata) != `{"custom_id":"crm 1","n":1.5}` {
			s.Errorf("events %v, at last %+v", names(events), events[9])
		}
		got := s.awaitCollection(c, opened.ID)
		if got.State != client.CollectionDone || got.PersonID == nil {
			s.Fatalf("collected %+v", got)
		}
		if p := must(c.Person(ctx, *got.PersonID))(s); !p.Verified || p.Source != "FLOW" || len(p.Photos) != 3 {
			s.Errorf("the person is %+v", p)
		}
		s.listed(c, f, opened.ID, *got.PersonID)
		s.ends(c, of, f)
	})
}

// runs does the steps of the session.
func (s *server) runs(opened client.OpenedSession) {
	s.Helper()
	run, ctx := s.session(opened.ID), s.Context()
	if state := must(run.State(ctx))(s); state.Status != client.SessionNew || state.Locale != "en" || len(state.Steps) != len(opened.Technologies) || state.Current != nil {
		s.Errorf("before: %+v", state)
	}
	must(run.Start(ctx))(s)
	asked := must(run.Challenge(ctx, 0))(s)
	if asked.Challenge == nil || fmt.Sprint(asked.Challenge.Moves) != "[LEFT]" || *asked.Current != 0 {
		s.Errorf("asked %+v", asked)
	}
	frames := []client.Frame{{Image: []byte(face())}, {Image: []byte(face()), At: 350 * time.Millisecond}}
	if state := must(run.Submit(ctx, 0, client.Evidence{Frames: frames}))(s); state.Outcome == nil || !state.Outcome.Passed || *state.Current != 1 {
		s.Errorf("after liveness %+v", state)
	}
	if seen := s.Head.Runs()[len(s.Head.Runs())-1]; len(seen.Frames) != 2 || seen.Frames[1].At != 350*time.Millisecond || string(seen.Challenge) != s.Head.Asked() {
		s.Errorf("the technology saw %+v", seen)
	}
	must(run.Request(ctx, 1, client.Holder{PersonalNumber: flowtest.IIN, Phone: flowtest.Phone}))(s)
	_, err := run.Approve(ctx, 1, "000000")
	s.wants(err, 422, "CODE_WRONG")
	must(run.Approve(ctx, 1, "123456"))(s)
	must(run.Submit(ctx, 2, client.Evidence{Pages: [][]byte{[]byte(face()), []byte(face())}, Country: "UTO"}))(s)
	if seen := s.Document.Runs()[len(s.Document.Runs())-1]; len(seen.Pages) != 2 || seen.Country != "UTO" {
		s.Errorf("the technology saw %+v", seen)
	}
	if state := must(run.Submit(ctx, 3, client.Evidence{}))(s); state.Status != client.SessionFinished || state.Current != nil {
		s.Errorf("at the end %+v", state)
	}
	_, err = run.Submit(ctx, 3, client.Evidence{})
	s.wants(err, 409, "RESULT_EXISTS")
	_, err = run.Abort(ctx)
	s.wants(err, 409, "SESSION_STATE")
}

// found looks at the typed result.
func (s *server) found(r client.FlowResult) {
	s.Helper()
	if r.Passed == nil || !*r.Passed || r.Status != client.SessionFinished || r.FinishedAt == nil || len(r.Failures) != 0 || string(r.Metadata) != `{"custom_id":"crm 1","n":1.5}` {
		s.Errorf("the result is %+v", r)
	}
	if len(r.IPChecks) != 1 || len(r.Requests) != 1 || r.Requests[0].IP != "127.0.0.1" || r.Requests[0].UserAgent == "" || r.IPChecks[0].CreatedAt != r.Requests[0].CreatedAt {
		s.Errorf("it was run from %+v, %+v", r.IPChecks, r.Requests)
	}
	if !r.Liveness.Passed || r.Liveness.Prediction != "0.9000" || !bytes.HasPrefix(r.Liveness.Frame, []byte("\xff\xd8")) {
		s.Errorf("liveness %+v", r.Liveness.StepResult)
	}
	if d := r.EDocument; d.Document.Common.Owner.PersonalNumber != flowtest.IIN || d.Phone != flowtest.Phone || d.Document.Source != "PROVIDER" || !bytes.HasPrefix(d.PDF, []byte("%PDF")) {
		s.Errorf("electronic document %+v", d.Document)
	}
	if r.Document.Fields["document_number"] != "D1" || len(r.Document.Portrait) == 0 {
		s.Errorf("document %+v", r.Document.Fields)
	}
	if m := r.Face2Face; !m.Passed || m.Source != "EDOCUMENT" || m.Prediction != "1.0000" || m.FMR <= 0 {
		s.Errorf("match %+v", m)
	}
}

// listed looks for the session in the lists of the native API.
func (s *server) listed(c *client.Client, f client.Flow, session, person string) {
	s.Helper()
	ctx := s.Context()
	for _, q := range []client.SessionsQuery{{FlowID: f.ID}, {PersonID: person}, {Status: client.SessionFinished, From: f.CreatedAt, PageSize: 1}} {
		var ids []string
		for one, err := range c.Sessions(ctx, q) {
			ids = append(ids, must(one, err)(s).ID)
		}
		if !slices.Equal(ids, []string{session}) {
			s.Errorf("%+v lists %v", q, ids)
		}
	}
	if one := must(c.Session(ctx, session))(s); one.EndedAt == nil || one.Steps[0].State != "PASSED" || one.Result.Face2Face == nil || !one.Result.Face2Face.Passed {
		s.Errorf("the session is %+v", one)
	}
	if list := must(c.Flows(ctx))(s); len(list) != 1 || *list[0].Key != *f.Key {
		s.Errorf("the flows are %+v", list)
	}
}

// ends decides conflicts, tries a demonstration and deletes the flow.
func (s *server) ends(c *client.Client, of *client.FlowClient, f client.Flow) {
	s.Helper()
	ctx := s.Context()
	s.Document.Finds(flowtest.Card("ann", "OTHER1", "D2"))
	for _, decide := range []func(id string) (client.Collection, error){
		func(id string) (client.Collection, error) { return c.DiscardCollection(ctx, id) },
		func(id string) (client.Collection, error) { return c.CreateCollection(ctx, id) },
		func(id string) (client.Collection, error) { return c.AttachCollection(ctx, id, s.anybody(c)) },
	} {
		s.Clock.Advance(11 * time.Minute) // a phone is sent three codes in ten
		id := must(of.Open(ctx, client.NewSession{}))(s).ID
		s.Finish(idem.SessionID(id))
		if got := s.awaitCollection(c, id); got.State != client.CollectionConflict {
			s.Fatalf("no conflict: %+v", got)
		}
		if got := must(decide(id))(s); got.State == client.CollectionConflict {
			s.Errorf("decided %+v", got)
		}
		_, err := decide(id)
		s.wants(err, 409, "SESSION_STATE")
	}
	demo := must(c.DemoFlow(ctx, f.ID))(s)
	if state := must(s.session(demo.ID).Abort(ctx))(s); !state.Demo || state.Status != client.SessionFailed || state.Failure.Type != "CLIENT" {
		s.Errorf("the demonstration is %+v", state)
	}
	if e := must(c.EraseSession(ctx, demo.ID, "T-1"))(s); e.SessionID != demo.ID || e.Reason != "T-1" || !e.Complete || e.ErasedAt.IsZero() {
		s.Errorf("erased %+v", e)
	}
	if gone := must(c.Session(ctx, demo.ID))(s); gone.ErasedAt == nil || gone.Status != client.SessionFailed {
		s.Errorf("the erased one is %+v", gone)
	}
	changed := must(c.ChangeFlow(ctx, f.ID, client.FlowChange{Attempts: client.Value(1), Config: &client.PersonConfigChange{Conflict: client.Value("STRONG_FIRST")}}))(s)
	if changed.Attempts != 1 || changed.Config.Conflict != "STRONG_FIRST" || changed.Name != f.Name {
		s.Errorf("changed %+v", changed)
	}
	s.Must(c.DeleteFlow(ctx, f.ID))
	if deleted := must(c.Flow(ctx, f.ID))(s); deleted.DeletedAt == nil {
		s.Errorf("deleted %+v", deleted)
	}
	_, err := of.Open(ctx, client.NewSession{})
	s.wants(err, 410, "FLOW_DELETED")
}

func (s *server) anybody(c *client.Client) string {
	for p, err := range c.Persons(s.Context(), client.PersonsQuery{}) {
		return must(p, err)(s).ID
	}
	return ""
}
