package main

import (
	"cmp"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// refusedExamples are the requests of the reference that depend on what came
// before them, with the status that they have here.
var refusedExamples = map[string]string{
	"restore-person":     "409", // the person is not deleted
	"resolve-collection": "404", // no session ended in a conflict
	"erase-session":      "409", // the session has not ended
	"replay-event":       "404", // nothing happened in the flow
	"check-document":     "422", // the picture shows a face
	"approve-edocument":  "409", // the challenge that was drawn is none of a provider
	"answer-edocument":   "422", // the files have no answer of the chip
}

// TestReferenceExamples runs every command that the API reference shows, as it
// shows it, against a real server: only the key, the address and identifiers
// are put in, and the named files are there.
func TestReferenceExamples(t *testing.T) {
	p := newPlace(t, "")
	providers := filepath.Join(t.TempDir(), "providers.json")
	write(t, providers, []byte(`[{"name":"trial","kind":"test"}]`))
	p.flags = []string{"--edocument-providers", providers}
	org := p.createOrg(t)
	s := p.serve(t)
	s.waitReady(t, s.dial(t, org))
	r := reference{t: t, folder: exampleFiles(t), url: s.url, key: org.SecretKey}
	r.prepare()
	page := r.get("/docs")
	examples := regexp.MustCompile(`(?s)<article id="([a-z-]+)">.*?<pre>(.*?)</pre>`).FindAllStringSubmatch(page, -1)
	if len(examples) < 55 {
		t.Fatalf("%d examples", len(examples))
	}
	for round := range 3 {
		for _, e := range examples {
			if command := html.UnescapeString(e[2]); roundOf(e[1], command) == round {
				r.try(e[1], command)
			}
		}
	}
}

// roundOf is when a command runs: what removes comes last, a whole person at
// the very end.
func roundOf(operation, command string) int {
	switch {
	case operation == "delete-person" || operation == "erase-person":
		return 2
	case strings.Contains(command, "-X DELETE"):
		return 1
	}
	return 0
}

// reference runs commands of the reference.
type reference struct {
	t           *testing.T
	folder      string // where the commands find their files
	url, key    string
	identifiers *strings.Replacer
}

func (r reference) get(path string) string {
	r.t.Helper()
	res, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// make sends JSON and returns the answer's member.
func (r reference) make(path, body, member string) string {
	r.t.Helper()
	out := r.shell("curl -s -H 'Authorization: Bearer " + r.key + "' -H 'Content-Type: application/json' -d '" + body + "' " + r.url + path)
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		r.t.Fatalf("%s: %v in %s", path, err, out)
	}
	text, ok := got[member].(string)
	if !ok {
		r.t.Fatalf("%s answers no %s: %s", path, member, out)
	}
	return text
}

func (r reference) shell(command string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", command)
	cmd.Dir = r.folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v: %s", command, err, out)
	}
	return string(out)
}

// prepare makes one of everything that paths name.
func (r *reference) prepare() {
	person, photo := r.enrol()
	flow := r.make("/v1/flows", `{"name":"Reference","technologies":["LDS"]}`, "id")
	hook := "/v1/flows/" + flow + "/webhooks"
	r.identifiers = strings.NewReplacer("sk_...", r.key, "https://idem.example", r.url, "01994a5e-7c1b-7d4e-9a51-0d7c6f2f5b1e", person,
		"{person_id}", person, "{photo_id}", photo, "{flow_id}", flow,
		"{alias_id}", r.make("/v1/persons/"+person+"/aliases", `{"type":"PHONE","value":"+77010000009"}`, "id"),
		"{webhook_id}", r.make(hook, `{"url":"https://shop.example/hook"}`, "id"),
		"{event_id}", person, "{session_id}", r.make("/v1/flows/"+flow+"/demo", ``, "id"),
		"liveness/{check_id}", "liveness/"+r.make("/v1/check/liveness/challenge", `{"type":"LDHP"}`, "check_id"),
		"edocument/{check_id}", "edocument/"+r.make("/v1/check/edocument/challenge", ``, "check_id"),
		"{key_id}", r.make("/v1/keys", `{"kind":"persons","name":"spare"}`, "id"),
		"{operator_id}", r.make("/v1/operators", `{"email":"spare@example.com","role":"auditor"}`, "id"))
}

// enrol makes a person with a photo.
func (r reference) enrol() (person, photo string) {
	r.t.Helper()
	out := r.shell("curl -s -H 'Authorization: Bearer " + r.key + "' -F image=@reference.jpg -F photo_type=other " + r.url + "/v1/persons")
	var got struct {
		ID     string `json:"id"`
		Photos []struct {
			ID string `json:"id"`
		} `json:"photos"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Photos) != 1 {
		r.t.Fatalf("a person is %s, %v", out, err)
	}
	return got.ID, got.Photos[0].ID
}

// try runs a command and reports a status that is not what it should be.
func (r reference) try(operation, command string) {
	r.t.Helper()
	out := r.shell(r.identifiers.Replace(command) + ` -s -w '\n%{http_code}'`)
	body, code := "", out
	if at := strings.LastIndex(out, "\n"); at >= 0 {
		body, code = out[:at], out[at+1:]
	}
	want := refusedExamples[operation]
	if want == "" && !strings.HasPrefix(code, "2") || want != "" && code != want {
		r.t.Errorf("%s answers %s, want %s\n%s\n%.300s", operation, code, cmp.Or(want, "2xx"), command, body)
	}
}

// exampleFiles are the files that the commands name.
func exampleFiles(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	face := portraits(t)[1].JPEG
	for _, name := range []string{"image.jpg", "probe.jpg", "reference.jpg", "frames.jpg", "pages.jpg"} {
		write(t, filepath.Join(folder, name), face)
	}
	chip := edoctest.New(t, edoctest.P256()).Chip(edoctest.Groups(edoctest.Passport(), face))
	for name, data := range chip {
		write(t, filepath.Join(folder, name), data)
	}
	return folder
}
