package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/flow/flowtest/visitor"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// flowPlace is an installation with an organisation, a flow of ED, LDS and F2F,
// and roots that make the chips of the issuer believed.
type flowPlace struct {
	place
	org    createdOrg
	flow   definedFlow
	issuer *edoctest.Issuer
}

func newFlowPlace(t *testing.T, p place) flowPlace {
	t.Helper()
	f := flowPlace{place: p, org: p.createOrg(t), issuer: edoctest.New(t, edoctest.P256())}
	root := filepath.Join(t.TempDir(), "root.cer")
	write(t, root, f.issuer.Root)
	p.run(t, "trust", "import", root)
	var made []definedFlow
	if err := json.Unmarshal([]byte(p.run(t, "flow", "create", "Onboarding", "ED", "LDS", "F2F", "--json")), &made); err != nil || len(made) != 1 {
		t.Fatalf("flow create printed %+v, %v", made, err)
	}
	f.flow = made[0]
	return f
}

// addHook adds a webhook by command and returns it with its secret.
func (f flowPlace) addHook(t *testing.T, url string) (made webhookLine) {
	t.Helper()
	out := f.run(t, "flow", "webhook", "add", "Onboarding", url, "--webhook-allow", "127.0.0.1", "--json")
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Secret == "" {
		t.Fatalf("webhook add printed %q, %v", out, err)
	}
	return made
}

// visitor is the n-th person with a face that passes liveness.
func (f flowPlace) visitor(t *testing.T, n int) visitor.Visitor {
	t.Helper()
	v, err := visitor.New(f.issuer, portraits(t)[1], n)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// walk goes through a session to its end.
func (s *running) walk(t *testing.T, v visitor.Visitor, session string) {
	t.Helper()
	run, err := client.ForSession(s.url, session)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := v.Walk(t.Context(), run); err != nil || state.Status != client.SessionFinished {
		t.Fatalf("the session came to %+v, %v", state, err)
	}
}

// TestExamples runs each program of examples/ against a real server while a
// person goes through the session: it prints the verified result, and refuses
// what was not signed.
func TestExamples(t *testing.T) {
	f := newFlowPlace(t, newPlace(t, ""))
	f.flags = []string{"--webhook-allow", "127.0.0.1"}
	s := f.serve(t)
	s.waitReady(t, s.dial(t, f.org))
	binary := filepath.Join(t.TempDir(), "receiver")
	if out, err := exec.Command("go", "build", "-o", binary, "../../examples/go").CombinedOutput(); err != nil {
		t.Fatalf("build: %v %s", err, out)
	}
	for i, c := range []struct {
		name    string
		command []string
	}{
		{"shell", []string{"../../examples/shell/receiver.sh"}},
		{"node", []string{"node", "../../examples/node/receiver.mjs"}},
		{"go", []string{binary}},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := freePort(t)
			hook := f.addHook(t, "http://127.0.0.1:"+port)
			e := startExample(t, c.command, "IDEM_URL="+s.url, "IDEM_FLOW_KEY="+f.flow.Key, "IDEM_WEBHOOK_SECRET="+hook.Secret, "PORT="+port)
			session := e.await(t, regexp.MustCompile(`^send the person to http://\S+/flow/(\S+)$`))
			refusesForgeries(t, "http://127.0.0.1:"+port, hook.Secret, session)
			s.walk(t, f.visitor(t, i), session)
			e.await(t, regexp.MustCompile(`^session (`+session+`) ended as FINISHED, passed: true$`))
			if err := e.end(t); err != nil {
				t.Errorf("it ended with %v", err)
			}
			f.run(t, "flow", "webhook", "remove", "Onboarding", hook.ID)
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// example is a program that runs.
type example struct {
	cmd   *exec.Cmd
	lines chan string
	said  bytes.Buffer
}

func startExample(t *testing.T, command []string, environment ...string) *example {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	e := &example{cmd: exec.CommandContext(ctx, command[0], command[1:]...), lines: make(chan string, 16)}
	e.cmd.Env = append(os.Environ(), environment...)
	e.cmd.Stderr = &e.said
	out, err := e.cmd.StdoutPipe()
	if err == nil {
		err = e.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(e.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			e.lines <- lines.Text()
		}
	}()
	return e
}

// await takes the next line, which must have the shape, and returns what the
// shape asks for.
func (e *example) await(t *testing.T, shape *regexp.Regexp) string {
	t.Helper()
	line, open := <-e.lines
	m := shape.FindStringSubmatch(line)
	if !open || m == nil {
		_ = e.cmd.Cancel()
		_ = e.cmd.Wait()
		t.Fatalf("it printed %q, not %s: %s", line, shape, e.said.String())
	}
	return m[1]
}

func (e *example) end(t *testing.T) error {
	t.Helper()
	for line := range e.lines {
		t.Errorf("it went on with %q", line)
	}
	return e.cmd.Wait()
}

// refusesForgeries sends ends of the session that the server did not sign, or
// not now, or not over these bytes.
func refusesForgeries(t *testing.T, url, secret, session string) {
	t.Helper()
	body := fmt.Sprintf(`{"id":"e1","event":"flow.end","session_id":%q,"created":1,"success":true,"flow_name":"Onboarding","metadata":{},"data":{}}`, session)
	now := time.Now()
	for name, send := range map[string]func(*http.Request){
		"unsigned":       func(*http.Request) {},
		"other secret":   func(r *http.Request) { signAs(r, "whsec_"+strings.Repeat("A", 43)+"=", body, now) },
		"an hour old":    func(r *http.Request) { signAs(r, secret, body, now.Add(-time.Hour)) },
		"an hour early":  func(r *http.Request) { signAs(r, secret, body, now.Add(time.Hour)) },
		"one other byte": func(r *http.Request) { signAs(r, secret, body+" ", now) },
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		send(r)
		answer, err := patiently(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: answered %s", name, answer.Status)
		}
	}
}

// patiently waits for a receiver that is about to listen.
func patiently(r *http.Request) (answer *http.Response, err error) {
	for range 100 {
		if answer, err = http.DefaultClient.Do(r.Clone(r.Context())); err == nil {
			return answer, nil
		}
		r.Body, _ = r.GetBody()
		time.Sleep(50 * time.Millisecond)
	}
	return nil, err
}

func signAs(r *http.Request, secret, body string, at time.Time) {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "e1.%d.%s", at.Unix(), body)
	r.Header.Set("webhook-id", "e1")
	r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// TestWebhooksByCommand goes through what idem flow webhook does while nobody
// receives.
func TestWebhooksByCommand(t *testing.T) {
	p := newPlace(t, "")
	p.createOrg(t)
	f := flowPlace{place: p}
	p.run(t, "flow", "create", "Onboarding", "LDS")
	hook := f.addHook(t, "http://127.0.0.1:"+freePort(t))
	if _, err := p.try(t, "flow", "webhook", "test", "Onboarding", hook.ID, "--webhook-allow", "127.0.0.1"); err == nil || !strings.Contains(err.Error(), "WEBHOOK_UNREACHABLE") {
		t.Errorf("a test without a receiver: %v", err)
	}
	if out := p.run(t, "flow", "webhook", "deliveries", "Onboarding", hook.ID); !strings.Contains(out, "webhook.test") || !strings.Contains(out, "WEBHOOK_UNREACHABLE") {
		t.Errorf("deliveries: %s", out)
	}
	if out := p.run(t, "flow", "webhook", "rotate", "Onboarding", hook.ID); !strings.Contains(out, "whsec_") || strings.Contains(out, hook.Secret) {
		t.Errorf("rotate: %s", out)
	}
	p.run(t, "flow", "webhook", "disable", "Onboarding", hook.ID)
	if out := p.run(t, "flow", "webhook", "list", "Onboarding"); !strings.Contains(out, hook.URL+"  false") || strings.Contains(out, "whsec_") {
		t.Errorf("list: %s", out)
	}
	p.run(t, "flow", "webhook", "enable", "Onboarding", hook.ID)
	for on, want := range map[string]string{"on": `"person_events": true`, "off": `"person_events": false`} {
		p.run(t, "flow", "webhook", "persons", "Onboarding", hook.ID, on)
		if out := p.run(t, "flow", "webhook", "list", "Onboarding", "--json"); !strings.Contains(out, want) {
			t.Errorf("persons %s: %s", on, out)
		}
	}
	for _, bad := range [][]string{
		{"add", "Onboarding", "http://127.0.0.1:1"},
		{"replay", "Onboarding", hook.ID, "nothing"},
		{"remove", "Onboarding", "nothing"},
		{"persons", "Onboarding", hook.ID, "maybe"},
		{"list", "Nothing"},
	} {
		if out, err := p.try(t, append([]string{"flow", "webhook"}, bad...)...); err == nil {
			t.Errorf("%v went well: %s", bad, out)
		}
	}
	p.run(t, "flow", "webhook", "remove", "Onboarding", hook.ID)
}
