package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/match"
)

// TestServerStartsFromASnapshot: a server that stops saves its gallery, the
// next one starts from it, a backup leaves it out, and deleting it does no harm.
func TestServerStartsFromASnapshot(t *testing.T) {
	eachDatabase(t, func(t *testing.T, p place) {
		org := p.createOrg(t)
		p.fillGallery(t, idem.OrgID(org.OrgID), 2100)
		s := p.serve(t)
		s.awaitReady(t)
		if err := s.kill(syscall.SIGTERM); err != nil {
			t.Fatalf("stop: %v\n%s", err, s.log())
		}
		folder := filepath.Join(p.data, "snapshots")
		if n := countFilesIn(t, folder); n == 0 {
			t.Fatalf("the stop saved nothing: %s", s.log())
		}
		archive := filepath.Join(t.TempDir(), "backup.tar.gz")
		p.run(t, "backup", archive)
		for _, name := range archived(t, archive) {
			if strings.Contains(name, "snapshot") {
				t.Errorf("the backup has %s", name)
			}
		}
		s = p.serve(t)
		s.awaitReady(t)
		if text := s.metrics(t); !strings.Contains(text, "snapshots_loaded_total 1\n") || !strings.Contains(text, "gallery_references 2100\n") {
			t.Errorf("the second start: %s\n%s", text, s.log())
		}
		_ = s.kill(syscall.SIGKILL)
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		s = p.serve(t)
		s.awaitReady(t)
		if text := s.metrics(t); !strings.Contains(text, "gallery_references 2100\n") {
			t.Errorf("the third start: %s\n%s", text, s.log())
		}
	})
}

// fillGallery adds entries of nobody, without the networks.
func (p place) fillGallery(t *testing.T, org idem.OrgID, n int) {
	t.Helper()
	c := config{Data: p.data, Database: p.database, Models: p.models, Workers: 1}
	if err := c.fill(); err != nil {
		t.Fatal(err)
	}
	a, err := openApp(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	list := strangers(t, a.vault, org, a.gallery.Model(), n)
	err = a.store.Update(t.Context(), org, func(tx store.Tx) error {
		_, err := a.gallery.Add(t.Context(), tx, list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func strangers(t *testing.T, v *vault.Vault, org idem.OrgID, model gallery.Model, n int) (list []gallery.Entry) {
	t.Helper()
	r, ids := rand.New(rand.NewPCG(1, 1)), idem.UUIDv7{}
	vector := make([]float32, model.Dim)
	for range n {
		for i := range vector {
			vector[i] = float32(r.NormFloat64())
		}
		template, err := match.Quantise(model.Short, vector)
		if err != nil {
			t.Fatal(err)
		}
		key, err := v.NewKey(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, gallery.Entry{Set: idem.SetPhoto, Subject: ids.New(), Sample: ids.New(), Key: key, Template: template})
	}
	return list
}

func (s *running) awaitReady(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if status, _ := s.get(t, "/readyz"); status == http.StatusOK {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the server does not become ready: %s", s.log())
}

func (s *running) metrics(t *testing.T) string {
	t.Helper()
	_, body := s.get(t, "/metrics")
	return body
}

func (s *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	answer, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func countFilesIn(t *testing.T, folder string) (n int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return n
}

// archived lists the files of a backup.
func archived(t *testing.T, path string) (names []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			if len(names) == 0 {
				t.Error("the backup is empty")
			}
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
}
