package flow_test

import (
	"context"
	"encoding/json"
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
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/webhook"
)

// work runs jobs until the test ends or stop is called.
func work(w *world, workers ...job.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	runner := job.New(job.Deps{Store: w.Store, Workers: workers, Log: slog.New(slog.DiscardHandler), Now: w.Clock.Now, Poll: 20 * time.Millisecond})
	var wait sync.WaitGroup
	wait.Go(func() { _ = runner.Run(ctx) })
	return func() { cancel(); wait.Wait() }
}

// await waits until done, ten seconds at most.
func await(w *world, what string, done func() bool) {
	w.Helper()
	for range 500 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.Fatalf("%s did not happen", what)
}

func TestPersons_66_StoppedWorkerDelaysOnlyThePerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		s := w.Finish(w.Open(f, "").ID)
		got, err := w.Flows.Result(w.Context(), w.Client(f), s.ID)
		if err != nil || !got.Passed() || got.Steps[1].Result == nil || w.Count() != 0 {
			w.Errorf("without a worker: %+v, %v, %d persons", got, err, w.Count())
		}
		stop := work(w, w.Flows.Worker())
		defer stop()
		await(w, "the person", func() bool { return w.Count() == 1 })
	})
}

// message is an event as receivers get it.
type message struct {
	ID       string         `json:"id"`
	Event    string         `json:"event"`
	Session  string         `json:"session_id"`
	Created  int64          `json:"created"`
	Success  bool           `json:"success"`
	FlowName string         `json:"flow_name"`
	Metadata map[string]any `json:"metadata"`
	Data     map[string]any `json:"data"`
}

// receiver keeps the messages that it was sent.
type receiver struct {
	mu   sync.Mutex
	list []message
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, m)
}

func (r *receiver) got() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

func TestPersons_55_EventsOfAFullRun(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		r := &receiver{}
		server := httptest.NewServer(r)
		defer server.Close()
		hooks := telling(w)
		f := w.Flow(nil, ld, ed)
		_, err := hooks.Create(w.Context(), w.Admin, f.ID, webhook.NewWebhook{URL: server.URL})
		w.Must(err)
		stop := work(w, hooks.Worker())
		defer stop()
		s := w.Finish(w.Open(f, `{"order":7}`).ID)
		await(w, "six deliveries", func() bool { return len(r.got()) == 6 })
		checkEvents(w, s, f, r.got())
	})
}

func checkEvents(w *world, s idem.Session, f idem.Flow, list []message) {
	w.Helper()
	var names []string
	for _, m := range list {
		names = append(names, m.Event)
		if m.Session != string(s.ID) || m.FlowName != f.Name || !m.Success || m.ID == "" || m.Created == 0 || m.Metadata["order"] != 7.0 {
			w.Errorf("%s is %+v", m.Event, m)
		}
	}
	want := []string{"flow.start", "technology.start", "technology.end", "technology.start", "technology.end", "flow.end"}
	if !slices.Equal(names, want) {
		w.Errorf("the events are %v", names)
	}
	if fmt.Sprint(list[0].Data["technologies"]) != "[LDHP ED]" || list[3].Data["technology_code"] != "ED" || list[3].Data["technology_name"] != "E-Document" {
		w.Errorf("the beginnings are %v, %v", list[0].Data, list[3].Data)
	}
	live, _ := list[2].Data["liveness_result"].(map[string]any)
	if live["result"] != true || live["prediction"] != "0.9000" || live["failure_reason"] != nil {
		w.Errorf("the end of liveness is %v", list[2].Data)
	}
	result, _ := list[5].Data["session_result"].(map[string]any)
	document, _ := result["edocument_result"].(map[string]any)
	if result["session_id"] != string(s.ID) || result["status"] != "FINISHED" || result["flow_session_result"] != true || document["phone"] != flowtest.Phone {
		w.Errorf("the end is %v", list[5].Data)
	}
}
