package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/store/storetest"
)

// templateOf makes the template that the server makes of the same portrait.
func templateOf(t *testing.T, p place, n int) []byte {
	t.Helper()
	engine := ort.Open(p.models, ort.Options{Workers: 1})
	defer func() { _ = engine.Close() }()
	found, err := engine.Analyse(t.Context(), portraits(t)[n].Image, face.WantTemplate)
	if err != nil || found.Primary == nil || found.Primary.Template == nil {
		t.Fatalf("no template: %+v, %v", found.Code, err)
	}
	return found.Primary.Template.Bytes()
}

// TestNothingClearOnDisk greps everything that a server wrote, its log too, for
// the values, pictures and keys that it was given.
func TestNothingClearOnDisk(t *testing.T) {
	p := newPlace(t, "")
	s := p.serve(t)
	org := p.createOrg(t, "--email", "secret.operator@bank.invalid")
	c := s.dial(t, org)
	photo := portraits(t)[0].JPEG
	person := enrol(t, c, photo, "Very-Secret-Alias-4711")
	if _, err := c.AddAlias(t.Context(), person.ID, client.NewAlias{Type: "PHONE", Value: "+77019998877"}); err != nil {
		t.Fatal(err)
	}
	identifies(t, c, recapture(t, portraits(t)[0], 1), person.ID)
	needles := map[string][]byte{
		"alias": []byte("Very-Secret-Alias-4711"), "phone": []byte("77019998877"), "e-mail": []byte("secret.operator"),
		"JPEG header": []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "picture": photo[len(photo)/2 : len(photo)/2+24],
		"secret key": []byte(org.SecretKey), "API key": []byte(org.APIKey), "password": []byte(org.Operator.Password),
		"template": templateOf(t, p, 0)[16:48],
	}
	bytesRead := 0
	err := filepath.WalkDir(p.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		bytesRead += len(content)
		for what, needle := range needles {
			if bytes.Contains(content, needle) {
				t.Errorf("%s holds the %s in the clear", path, what)
			}
		}
		return err
	})
	if err != nil || bytesRead < len(photo) {
		t.Fatalf("read %d bytes: %v", bytesRead, err)
	}
	for what, needle := range needles {
		if strings.Contains(s.log(), string(needle)) {
			t.Errorf("the log holds the %s", what)
		}
	}
}

// TestOldBackupCannotBringBackTheErased: a backup made before an erasure is
// restored beside the newest keys; the erased person stays unreadable and the
// other one is as before.
func TestOldBackupCannotBringBackTheErased(t *testing.T) {
	eachDatabase(t, func(t *testing.T, p place) {
		s := p.serve(t)
		org := p.createOrg(t)
		c := s.dial(t, org)
		gone := enrol(t, c, portraits(t)[1].JPEG, "gone")
		kept := enrol(t, c, portraits(t)[4].JPEG, "kept")
		archive := filepath.Join(t.TempDir(), "old.tar.gz")
		p.run(t, "backup", archive)
		if _, err := c.ErasePerson(t.Context(), gone.ID, "privacy request"); err != nil {
			t.Fatal(err)
		}
		keys := filepath.Join(t.TempDir(), "keys.db")
		p.run(t, "keys", "backup", keys)
		if err := s.kill(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}

		q := restored(t, p, archive, keys)
		s = q.serve(t)
		c = s.dial(t, org)
		if p, err := c.Person(t.Context(), kept.ID); err != nil || len(p.Aliases) != 2 {
			t.Errorf("the other person: %+v, %v", p.Aliases, err)
		}
		if _, _, err := c.PhotoImage(t.Context(), kept.ID, *kept.DefaultPhotoID); err != nil {
			t.Errorf("the other person's photo: %v", err)
		}
		if image, _, err := c.PhotoImage(t.Context(), gone.ID, *gone.DefaultPhotoID); err == nil {
			t.Errorf("an old backup brings %d bytes of the erased person's photo back", len(image))
		}
		if p, err := c.Person(t.Context(), gone.ID); err == nil && holdsAlias(p, "gone") {
			t.Error("an old backup brings the erased person's alias back")
		}
	})
}

// restored is a new installation from a backup, a key backup and the master key
// of the old one.
func restored(t *testing.T, p place, archive, keys string) place {
	t.Helper()
	q := newPlace(t, "")
	if p.database != "" {
		q.database = storetest.EmptyPostgresURL(t)
	}
	q.run(t, "restore", archive)
	q.run(t, "keys", "restore", keys)
	master, err := os.ReadFile(filepath.Join(p.data, "keys", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(q.data, "keys", "master.key"), master)
	return q
}

func holdsAlias(p client.Person, value string) bool {
	return slices.ContainsFunc(p.Aliases, func(a client.Alias) bool { return a.Value == value })
}
