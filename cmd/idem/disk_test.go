package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/idem-id/idem/client"
)

// TestFullDisk runs the server on a file system of a few megabytes until it is
// full: writes are refused with a clear code and leave nothing half-written,
// reads go on, and the chains hold.
func TestFullDisk(t *testing.T) {
	p := newPlace(t, "")
	org := p.createOrg(t)
	s := p.serve(t, smallDisk(t, p.data)...)
	c := s.dial(t, org)
	photo := portraits(t)[0].JPEG
	created := 0
	var refused error
	for range 400 {
		_, err := c.CreatePerson(t.Context(), client.NewPerson{Image: photo, PhotoType: client.PhotoLive})
		if err != nil {
			refused = err
			break
		}
		created++
	}
	if client.CodeOf(refused) != "STORAGE_FULL" {
		t.Fatalf("after %d persons: %v\n%s", created, refused, s.log())
	}
	listed := 0
	for person, err := range c.Persons(t.Context(), client.PersonsQuery{}) {
		if err != nil {
			t.Fatalf("reading on a full disk: %v", err)
		}
		if len(person.Photos) != 1 || len(person.Aliases) != 1 {
			t.Errorf("a half-written person: %+v", person)
		}
		listed++
	}
	if listed != created || created == 0 {
		t.Errorf("%d persons are there, %d were acknowledged", listed, created)
	}
	if strings.Contains(s.log(), "panic") {
		t.Error(s.log())
	}
}

// smallDisk is a command line that runs a program with its data folder moved
// onto a file system of eight megabytes, in a mount namespace of its own.
func smallDisk(t *testing.T, data string) []string {
	t.Helper()
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal("this test needs unshare of util-linux")
	}
	const script = `set -e
mkdir "$0.full" && mount -t tmpfs -o size=8m none "$0.full" && cp -a "$0/." "$0.full/" && mount --bind "$0.full" "$0"
exec "$@"`
	args := []string{unshare, "--mount"}
	if os.Geteuid() != 0 {
		args = append(args, "--user", "--map-root-user")
	}
	return append(args, "sh", "-c", script, data)
}
