package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/idem-id/idem/client"
)

// TestOperatorLooksAfterFlows does by command what an operator does about flows:
// settings, keys, sessions, and a conflict to decide.
func TestOperatorLooksAfterFlows(t *testing.T) {
	eachDatabase(t, func(t *testing.T, p place) {
		f := newFlowPlace(t, p)
		s := f.serve(t)
		api := s.dial(t, f.org)
		s.waitReady(t, api)
		f.changes(t)
		first, second := f.open(t, s), f.open(t, s)
		s.walk(t, f.visitor(t, 0), first)
		s.walk(t, f.visitor(t, 1), second)
		f.await(t, "collection list --state DONE", first, second)
		f.await(t, "session list --flow Changed --status FINISHED", first, second, "ED:PASSED LDS:PASSED F2F:PASSED")
		if out := f.run(t, "session", "show", first); !strings.Contains(out, "attempts 1") || strings.Contains(out, "prediction") {
			t.Errorf("session show printed %s", out)
		}
		var told struct {
			Passed bool `json:"flow_session_result"`
		}
		if err := json.Unmarshal([]byte(f.run(t, "session", "show", first, "--json")), &told); err != nil || !told.Passed {
			t.Errorf("session show --json: %+v, %v", told, err)
		}
		f.decides(t, s, api)
		f.erases(t, s, first)
		f.keepsKeys(t, s)
	})
}

// changes gives the flow another name and other settings.
func (f *flowPlace) changes(t *testing.T) {
	t.Helper()
	out := f.run(t, "flow", "change", "Onboarding", "--name", "Changed", "--attempts", "5", "--conflict", "REVIEW", "--skip-technologies", "ed,dr")
	for _, want := range []string{"Changed", "5", "REVIEW", "ED,DR", f.flow.Key} {
		if !strings.Contains(out, want) {
			t.Errorf("flow change printed no %s: %s", want, out)
		}
	}
	if shown := f.run(t, "flow", "show", "Changed"); shown != out {
		t.Errorf("flow show printed %s", shown)
	}
	key, ok := strings.CutPrefix(strings.TrimSpace(f.run(t, "flow", "rotate", "Changed")), "key  ")
	if !ok || key == f.flow.Key || len(key) < 47 {
		t.Errorf("the key %s became %s", f.flow.Key, key)
	}
	f.flow.Key = key
	if _, err := f.try(t, "flow", "change", "Changed", "--conflict", "MERGE"); err == nil || !strings.Contains(err.Error(), "conflict_policy") {
		t.Errorf("an unknown policy: %v", err)
	}
}

// open opens a session with the flow's key.
func (f *flowPlace) open(t *testing.T, s *running) string {
	t.Helper()
	c, err := client.ForFlow(s.url, f.flow.Key)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := c.Open(t.Context(), client.NewSession{})
	if err != nil {
		t.Fatal(err)
	}
	return opened.ID
}

// await repeats a command until it prints all the words.
func (f *flowPlace) await(t *testing.T, command string, words ...string) {
	t.Helper()
	out := ""
	for range 50 {
		out = f.run(t, strings.Fields(command)...)
		missing := false
		for _, w := range words {
			missing = missing || !strings.Contains(out, w)
		}
		if !missing {
			return
		}
	}
	t.Fatalf("%s does not print %v: %s", command, words, out)
}

// decides makes a conflict of two persons and gives the session to the first. A
// webhook that asks for it is told.
func (f *flowPlace) decides(t *testing.T, s *running, api *client.Client) {
	t.Helper()
	c, err := client.ForFlow(s.url, f.flow.Key)
	if err != nil {
		t.Fatal(err)
	}
	other := enrol(t, api, portraits(t)[4].JPEG, "somebody else")
	opened, err := c.Open(t.Context(), client.NewSession{Metadata: json.RawMessage(`{"custom_id":"somebody else"}`)})
	if err != nil {
		t.Fatal(err)
	}
	s.walk(t, f.visitor(t, 0), opened.ID)
	f.await(t, "collection list --state CONFLICT", opened.ID, "SEVERAL_PERSONS", "CUSTOM:"+other.ID)
	var hook webhookLine
	out := f.run(t, "flow", "webhook", "add", "Changed", "http://127.0.0.1:9/", "--webhook-allow", "127.0.0.1", "--person-events", "--json")
	if err := json.Unmarshal([]byte(out), &hook); err != nil {
		t.Fatal(err)
	}
	if out := f.run(t, "collection", "attach", opened.ID, other.ID); !strings.Contains(out, "DONE") || !strings.Contains(out, other.ID) {
		t.Errorf("collection attach printed %s", out)
	}
	f.await(t, "flow webhook deliveries Changed "+hook.ID, "person.updated")
	if _, err := f.try(t, "collection", "discard", opened.ID); err == nil || !strings.Contains(err.Error(), "SESSION_STATE") {
		t.Errorf("a decided conflict: %v", err)
	}
}

// erases gives a session up and erases it; that of a person is refused.
func (f *flowPlace) erases(t *testing.T, s *running, linked string) {
	t.Helper()
	c, err := client.ForSession(s.url, f.open(t, s))
	if err != nil {
		t.Fatal(err)
	}
	given, err := c.Abort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.await(t, "collection list --state SKIPPED", given.ID, "NOTHING_EXTRACTED")
	if out := f.run(t, "session", "erase", given.ID, "--reason", "case 7"); !strings.Contains(out, given.ID) || !strings.Contains(out, "true") {
		t.Errorf("session erase printed %s", out)
	}
	for _, refused := range [][]string{{"session", "erase", given.ID, "--reason", "case 7"}, {"session", "erase", linked, "--reason", "case 7"},
		{"session", "erase", given.ID}, {"session", "erase", "none", "--reason", "case 7"}} {
		if out, err := f.try(t, refused...); err == nil {
			t.Errorf("%v printed %s", refused, out)
		}
	}
	if out := f.run(t, "audit", "instance"); !strings.Contains(out, "SESSION_ERASED") || !strings.Contains(out, "case 7") {
		t.Errorf("audit instance printed %s", out)
	}
}

// keepsKeys makes a key, uses it, and revokes it.
func (f *flowPlace) keepsKeys(t *testing.T, s *running) {
	t.Helper()
	var made keyLine
	if err := json.Unmarshal([]byte(f.run(t, "org", "key", "create", "secret", "branch", "--permission", "flows.read", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	org := f.org
	org.SecretKey = made.Secret
	if list, err := s.dial(t, org).Flows(t.Context()); err != nil || len(list) != 1 || list[0].Key != nil {
		t.Errorf("with the new key: %+v, %v", list, err)
	}
	f.run(t, "org", "key", "revoke", made.ID)
	if out := f.run(t, "org", "key", "list"); !strings.Contains(out, "branch") || !strings.Contains(out, "revoked") {
		t.Errorf("org key list printed %s", out)
	}
}
