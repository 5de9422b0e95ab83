package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/demo"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/models"
)

// people cuts the sample pictures up once for all tests of the process.
var people = sync.OnceValues(func() ([]demo.Portrait, error) {
	folder, err := models.Dir(os.Getenv)
	if err != nil {
		return nil, err
	}
	engine := ort.Open(folder, ort.Options{Workers: 1})
	defer func() { _ = engine.Close() }()
	return demo.Portraits(context.Background(), engine, models.Files(folder, models.Sample))
})

func portraits(t *testing.T) []demo.Portrait {
	t.Helper()
	list, err := people()
	if err != nil || len(list) < 10 {
		t.Fatalf("%d sample people, %v", len(list), err)
	}
	return list
}

func recapture(t *testing.T, p demo.Portrait, seed uint64) []byte {
	t.Helper()
	photo, err := demo.Recapture(p.Image, seed)
	if err != nil {
		t.Fatal(err)
	}
	return photo
}

// dial is a client that tells of refusals at once.
func (s *running) dial(t *testing.T, org createdOrg) *client.Client {
	t.Helper()
	c, err := client.New(s.url, org.SecretKey, client.WithAttempts(1, time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *running) waitReady(t *testing.T, c *client.Client) {
	t.Helper()
	for range 600 {
		if ready, err := c.Ready(t.Context()); err == nil && ready {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the server does not become ready: %s", s.log())
}

func enrol(t *testing.T, c *client.Client, photo []byte, custom string) client.CreatedPerson {
	t.Helper()
	p, err := c.CreatePerson(t.Context(), client.NewPerson{Image: photo, PhotoType: client.PhotoLive,
		Aliases: []client.NewAlias{{Type: "CUSTOM", Value: custom}}})
	if err != nil {
		t.Fatalf("enrol %s: %v", custom, err)
	}
	return p
}

// TestRealFaces is the main job with everything real: two people are enrolled,
// found again in other captures, the double is named, refused when the
// organisation says so, and all of it survives a kill -9.
func TestRealFaces(t *testing.T) {
	eachDatabase(t, func(t *testing.T, p place) {
		s := p.serve(t)
		org := p.createOrg(t)
		c := s.dial(t, org)
		s.waitReady(t, c)
		anna, boris := portraits(t)[1], portraits(t)[4]
		first := enrol(t, c, anna.JPEG, "anna")
		second := enrol(t, c, boris.JPEG, "boris")
		if len(first.SimilarPersons)+len(second.SimilarPersons) != 0 {
			t.Errorf("strangers resemble each other: %+v %+v", first.SimilarPersons, second.SimilarPersons)
		}
		identifies(t, c, recapture(t, anna, 1), first.ID)
		identifies(t, c, recapture(t, boris, 2), second.ID)
		double := enrol(t, c, recapture(t, anna, 3), "anna again")
		if len(double.SimilarPersons) != 1 || double.SimilarPersons[0].PersonID != first.ID || !double.SimilarPersons[0].Duplicate {
			t.Errorf("the double is flagged as %+v", double.SimilarPersons)
		}
		verifies(t, c, recapture(t, boris, 5), second.ID, first.ID)

		if err := s.kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s = p.serve(t)
		c = s.dial(t, org)
		s.waitReady(t, c)
		identifies(t, c, recapture(t, boris, 4), second.ID)
		refusesDouble(t, c, recapture(t, boris, 6), second.ID)
		if out := p.run(t, "audit", "verify"); !strings.Contains(out, "both chains hold") {
			t.Errorf("audit verify: %s", out)
		}
		if err := s.kill(syscall.SIGTERM); err != nil {
			t.Errorf("a server that is asked to stop: %v", err)
		}
	})
}

func identifies(t *testing.T, c *client.Client, probe []byte, want string) {
	t.Helper()
	found, err := c.Identify(t.Context(), client.Identify{Image: probe})
	if err != nil || len(found.Candidates) == 0 || found.Candidates[0].PersonID != want {
		t.Errorf("identified as %+v (%v), want %s", found.Candidates, err, want)
	}
}

func verifies(t *testing.T, c *client.Client, probe []byte, same, other string) {
	t.Helper()
	yes, err := c.Verify(t.Context(), client.Verify{Image: probe, PersonID: same})
	if err != nil || !yes.Match {
		t.Errorf("the same person: %+v, %v", yes, err)
	}
	no, err := c.Verify(t.Context(), client.Verify{Image: probe, PersonID: other})
	if err != nil || no.Match {
		t.Errorf("another person: %+v, %v", no, err)
	}
}

// refusesDouble enrols one face eight times at once under the reject policy.
func refusesDouble(t *testing.T, c *client.Client, photo []byte, known string) {
	t.Helper()
	if _, err := c.ChangeOrganisation(t.Context(), client.OrganisationChange{
		Settings: &client.SettingsChange{FaceUniqueness: client.Value("reject")}}, nil); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := c.CreatePerson(t.Context(), client.NewPerson{Image: photo, PhotoType: client.PhotoLive})
			if client.CodeOf(err) != "FACE_ALREADY_KNOWN" || !strings.Contains(err.Error()+detailsOf(err), known) {
				t.Errorf("a known face: %v %s", err, detailsOf(err))
			}
		})
	}
	group.Wait()
}

func detailsOf(err error) string {
	text, _ := json.Marshal(err)
	return string(text)
}

// TestWithoutModels: the server starts, says what is missing and refuses what
// needs faces, and nothing else.
func TestWithoutModels(t *testing.T) {
	p := newPlace(t, "")
	p.models = t.TempDir()
	s := p.serve(t)
	org := p.createOrg(t)
	c := s.dial(t, org)
	answer, err := http.Get(s.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var ready struct {
		Parts []struct {
			Name            string
			Ready, Optional bool
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&ready); err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readiness %s: %+v, %v", answer.Status, ready, err)
	}
	for _, part := range ready.Parts {
		if part.Ready != (part.Name != "face_engine" && part.Name != "document_engine") {
			t.Errorf("part %s is ready: %v", part.Name, part.Ready)
		}
		if part.Optional != (part.Name == "document_engine") {
			t.Errorf("part %s is optional: %v", part.Name, part.Optional)
		}
	}
	_, err = c.Identify(t.Context(), client.Identify{Image: portraits(t)[0].JPEG})
	if client.CodeOf(err) != "FACE_ENGINE_UNAVAILABLE" {
		t.Errorf("identify: %v", err)
	}
	for _, err := range c.Persons(t.Context(), client.PersonsQuery{}) {
		t.Errorf("listing persons: %v", err)
	}
}

// TestWithoutDocumentModels: persons and faces work, so the server is ready, and
// the doctor warns; unless documents are what the instance is for.
func TestWithoutDocumentModels(t *testing.T) {
	p := newPlace(t, "")
	p.models = facesOnly(t)
	s := p.serve(t)
	s.awaitReady(t)
	if _, body := s.get(t, "/readyz"); !strings.Contains(body, `{"name":"document_engine","ready":false,"optional":true,"code":"DOCUMENT_ENGINE_UNAVAILABLE"`) {
		t.Errorf("readiness: %s", body)
	}
	c := s.dial(t, p.createOrg(t))
	face := portraits(t)[0].JPEG
	if _, err := c.CheckDocument(t.Context(), "", face); client.CodeOf(err) != "DOCUMENT_ENGINE_UNAVAILABLE" {
		t.Errorf("a document: %v", err)
	}
	if _, err := c.Identify(t.Context(), client.Identify{Image: face}); err != nil {
		t.Errorf("identify: %v", err)
	}
	if out := p.run(t, "doctor"); !strings.Contains(out, "warning  models") {
		t.Errorf("doctor: %s", out)
	}
	t.Setenv("IDEM_REQUIRE", "faces,documents")
	if out, err := p.try(t, "doctor"); err == nil || !strings.Contains(out, "failed   models") {
		t.Errorf("an instance for documents: %v, %s", err, out)
	}
}

// facesOnly is a folder with the models of faces alone.
func facesOnly(t *testing.T) string {
	t.Helper()
	from, err := models.Dir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "ocr_") {
			continue
		}
		if err := os.Symlink(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestImportGoesOn: a second run of an import adds nothing, and a damaged file
// harms nobody.
func TestImportGoesOn(t *testing.T) {
	p := newPlace(t, "")
	p.createOrg(t)
	folder := t.TempDir()
	for i, person := range portraits(t)[:4] {
		write(t, filepath.Join(folder, "person-"+string(rune('a'+i))+".jpg"), person.JPEG)
	}
	write(t, filepath.Join(folder, "broken.jpg"), []byte("not a picture"))
	type report struct{ Counts map[string]int }
	for _, want := range []map[string]int{{"created": 4, "failed": 1}, {"present": 4, "failed": 1}} {
		var r report
		if err := json.Unmarshal([]byte(p.run(t, "import", folder, "--json")), &r); err != nil {
			t.Fatal(err)
		}
		for outcome, n := range want {
			if r.Counts[outcome] != n {
				t.Errorf("counts %v, want %v", r.Counts, want)
			}
		}
	}
	write(t, filepath.Join(folder, "probe.jpg"), recapture(t, portraits(t)[2], 9))
	var found identified
	if err := json.Unmarshal([]byte(p.run(t, "identify", filepath.Join(folder, "probe.jpg"), "--json")), &found); err != nil || len(found.Candidates) == 0 {
		t.Fatalf("identify after the import: %+v, %v", found, err)
	}
	only := found.Candidates[0].Person
	if err := json.Unmarshal([]byte(p.run(t, "identify", filepath.Join(folder, "probe.jpg"), "--ids", only+",nobody", "--json")), &found); err != nil ||
		found.Compared != 1 || found.Candidates[0].Person != only {
		t.Errorf("identify among persons: %+v, %v", found, err)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSecondServerIsRefused: two servers on one SQLite file would each keep
// their own idea of the writer.
func TestSecondServerIsRefused(t *testing.T) {
	p := newPlace(t, "")
	p.serve(t)
	_, err := p.try(t, "serve", "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "DATABASE_LOCKED") {
		t.Errorf("the second server: %v", err)
	}
}

// TestDoctorAndDemo: the demo prepares itself once, and the doctor finds
// nothing failed in what it made.
func TestDoctorAndDemo(t *testing.T) {
	p := newPlace(t, "")
	for range 2 {
		if out := p.run(t, "demo", "--no-serve"); !strings.Contains(out, "secret key") {
			t.Errorf("demo printed %q", out)
		}
	}
	if out := p.run(t, "org", "list"); strings.Count(out, "Demo") != 1 {
		t.Errorf("organisations: %q", out)
	}
	if out := p.run(t, "doctor"); strings.Contains(out, "failed") || !strings.Contains(out, "every index is complete") {
		t.Errorf("doctor: %s", out)
	}
	p.models = t.TempDir()
	if _, err := p.try(t, "doctor"); err == nil {
		t.Error("the doctor does not miss the models")
	}
}
