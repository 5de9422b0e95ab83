package main

import (
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/flow/flowtest/visitor"
	"github.com/idem-id/idem/internal/store/storetest"
)

// TestFlowServerIsKilled ends a server by kill -9 while sessions run, and starts
// it again: what it said to be finished is collected exactly once and told whole
// in order, under the same identifiers, and what was under way goes on. The only
// server of a database in a file waits for no lease.
func TestFlowServerIsKilled(t *testing.T) {
	for name, c := range map[string]struct {
		database func(*testing.T) string
		within   time.Duration
	}{
		"sqlite":   {func(*testing.T) string { return "" }, 25 * time.Second}, // less than a lease
		"postgres": {func(t *testing.T) string { return storetest.PostgresURL(t) }, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for the leases of the dead
			killed(t, newPlace(t, c.database(t)), c.within)
		})
	}
}

func killed(t *testing.T, p place, within time.Duration) {
	f := newFlowPlace(t, p)
	f.flags = []string{"--webhook-allow", "127.0.0.1"}
	inbox := &visitor.Inbox{}
	receiver := httptest.NewServer(inbox)
	t.Cleanup(receiver.Close)
	inbox.Trust(f.addHook(t, receiver.URL).Secret)
	s := f.serve(t)
	s.waitReady(t, s.dial(t, f.org))
	visitors := make([]visitor.Visitor, 40)
	for i := range visitors {
		visitors[i] = f.visitor(t, i)
	}
	crowd := visitor.NewCrowd(f.flow.Key, visitors)
	gone := make(chan error, 1)
	go func() { gone <- crowd.Go(t.Context(), s.url, 4) }()
	for crowd.Finished() < 8 && len(gone) == 0 {
		time.Sleep(time.Millisecond)
	}
	crowd.Stop()
	if err := s.kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-gone; err != nil {
		t.Fatal(err)
	}
	acknowledged := crowd.Finished()
	s = f.serve(t)
	api := s.dial(t, f.org)
	s.waitReady(t, api)
	resumed, err := crowd.Resume(t.Context(), s.url)
	if err != nil {
		t.Fatalf("a session that was under way does not go on: %v", err)
	}
	got, err := crowd.Await(t.Context(), api, inbox, within)
	if err != nil || len(got.Faults) > 0 || got.Finished != acknowledged+resumed || got.Finished < 8 {
		t.Errorf("%d acknowledged, %d resumed: %v, %d faults: %s", acknowledged, resumed, err, len(got.Faults), strings.Join(got.Faults, "; "))
	}
	t.Logf("%d acknowledged, %d resumed, %d events came again", acknowledged, resumed, got.Again)
	if out := f.run(t, "audit", "verify"); !strings.Contains(out, "both chains hold") {
		t.Errorf("audit verify: %s", out)
	}
}
