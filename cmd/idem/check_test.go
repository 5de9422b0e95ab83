package main

import (
	"encoding/json"
	"errors"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// checkReport is what scripts read of a check.
type checkReport struct {
	Technology string
	Passed     bool
	Reasons    []string
	Details    struct {
		Similarity *float64
		Prediction float64
		Fields     []struct{ Name, Value string }
		MRZ        *struct{ Valid bool }
		Document   *struct{ Surname string }
	}
}

// check runs one check and returns its report and exit code.
func (p place) check(t *testing.T, args ...string) (r checkReport, code int) {
	t.Helper()
	cmd := program(t.Context(), p.args(append(append([]string{"check"}, args...), "--json")...)...)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if code != 2 {
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatalf("check %v printed %q: %v", args, out, err)
		}
	}
	return r, code
}

// TestChecksByCommand goes through the technologies with real networks, without
// a server, and looks at the exit codes.
func TestChecksByCommand(t *testing.T) {
	p, folder := newPlace(t, ""), t.TempDir()
	at := func(name string, data []byte) string {
		write(t, filepath.Join(folder, name), data)
		return filepath.Join(folder, name)
	}
	anna, again, boris := at("a.jpg", portraits(t)[1].JPEG), at("b.jpg", recapture(t, portraits(t)[1], 1)), at("c.jpg", portraits(t)[4].JPEG)
	drawn := filepath.Join(folder, "drawn.jpg")
	if r, code := p.check(t, "face", anna, again, "--draw", drawn); code != 0 || !r.Passed || *r.Details.Similarity < 0.5 {
		t.Errorf("one person: %d %+v", code, r)
	}
	isPicture(t, drawn)
	isPicture(t, filepath.Join(folder, "drawn-2.jpg"))
	if r, code := p.check(t, "face", anna, boris); code != 1 || r.Passed || strings.Join(r.Reasons, " ") != "faces_differ" {
		t.Errorf("two persons: %d %+v", code, r)
	}
	if _, code := p.check(t, "face", anna, at("broken.jpg", []byte("no picture"))); code != 2 {
		t.Errorf("a broken file: %d", code)
	}
	if r, code := p.check(t, "liveness", anna); code == 2 || r.Technology != "LDS" || r.Passed != (code == 0) {
		t.Errorf("liveness: %d %+v", code, r)
	}
	issuer := edoctest.New(t, edoctest.P256())
	args := []string{"edocument", "--root", at("root.cer", issuer.Root)}
	for name, data := range issuer.Chip(edoctest.Groups(edoctest.Passport(), edoctest.Portrait())) {
		args = append(args, at(name, data))
	}
	if r, code := p.check(t, args...); code != 0 || r.Details.Document == nil || r.Details.Document.Surname == "" {
		t.Errorf("edocument: %d %+v", code, r)
	}
	if r, code := p.check(t, append([]string{"edocument"}, args[3:]...)...); code != 1 || strings.Join(r.Reasons, " ") != "csca_not_trusted" {
		t.Errorf("edocument of a stranger: %d %+v", code, r)
	}
}

func isPicture(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := jpeg.Decode(f); err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

// TestChecksByServer sends the same to a real server on both databases: faces,
// and a photographed specimen.
func TestChecksByServer(t *testing.T) {
	eachDatabase(t, func(t *testing.T, p place) {
		s := p.serve(t)
		c := s.dial(t, p.createOrg(t))
		s.waitReady(t, c)
		same, err := c.CheckFace(t.Context(), portraits(t)[1].JPEG, recapture(t, portraits(t)[1], 2), nil)
		if err != nil || !same.Passed || *same.Details.Score < same.Details.Threshold {
			t.Errorf("one person: %+v, %v", same, err)
		}
		live, err := c.CheckLiveness(t.Context(), portraits(t)[1].JPEG)
		if err != nil || live.Technology != client.LivenessShort || len(live.Details.Frames) != 1 || live.Details.Frames[0].Box == nil {
			t.Errorf("liveness: %+v, %v", live, err)
		}
		read, err := c.CheckDocument(t.Context(), "", utopian(t, p))
		if err != nil || read.Details.Zone == nil || !strings.HasPrefix(read.Details.Zone.Lines[0], "P<UTO") || read.Details.Kind != "passport" {
			t.Errorf("document: %+v, %v", read, err)
		}
		if _, err := c.CheckDocument(t.Context(), "", portraits(t)[1].JPEG[:500]); client.CodeOf(err) != "IMAGE_UNDECODABLE" {
			t.Errorf("a damaged picture: %v", err)
		}
	})
}

// utopian is a clean photograph of a passport of Utopia.
func utopian(t *testing.T, p place) []byte {
	t.Helper()
	folder := t.TempDir()
	p.run(t, "specimen", folder, "--count", "1", "--level", "L0")
	names, err := filepath.Glob(filepath.Join(folder, "TD3*.jpg"))
	if err != nil || len(names) != 1 {
		t.Fatalf("specimens %v, %v", names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}
