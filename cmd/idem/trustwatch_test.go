package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"crypto/sha256"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// TestEDOC_7_FilesPutInByHandAreRecorded changes a trust store while no server
// runs, by the command and by hand: a start records what was done by hand, once.
func TestEDOC_7_FilesPutInByHandAreRecorded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, p place) {
		taken, dropped := edoctest.New(t, edoctest.P256()).Root, edoctest.NewIn(t, edoctest.P256(), "DE").Root
		folder := filepath.Join(p.data, "trust", "travel")
		put := func(path string, data []byte) {
			t.Helper()
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		source, byHand := filepath.Join(t.TempDir(), "taken.cer"), filepath.Join(folder, "dropped.cer")
		put(source, taken)
		p.run(t, "trust", "import", source)
		p.startsWith(t, nil)
		put(byHand, dropped)
		put(filepath.Join(folder, "nonsense.cer"), []byte("no certificate"))
		first := change{Store: "travel", Came: []string{digestOf(dropped)}, Went: []string{}}
		p.startsWith(t, []change{first})
		p.startsWith(t, []change{first})
		if err := os.Remove(byHand); err != nil {
			t.Fatal(err)
		}
		p.run(t, "trust", "remove", digestOf(taken)[:16]+".cer")
		second := change{Store: "travel", Came: []string{}, Went: []string{digestOf(dropped)}}
		p.startsWith(t, []change{first, second})
		if out := p.run(t, "audit", "verify"); out == "" {
			t.Error("nothing was verified")
		}
	})
}

// change is what an entry tells of a trust store.
type change struct {
	Store      string
	Came, Went []string
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// startsWith starts a server, stops it, and wants these changes by hand in the
// audit.
func (p place) startsWith(t *testing.T, want []change) {
	t.Helper()
	s := p.serve(t)
	var got []change
	same := func(a, b change) bool {
		return a.Store == b.Store && slices.Equal(a.Came, b.Came) && slices.Equal(a.Went, b.Went)
	}
	for range 100 {
		if got = p.trustChanges(t); len(got) >= len(want) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := s.kill(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if got = p.trustChanges(t); !slices.EqualFunc(got, want, same) {
		t.Fatalf("the audit tells of %+v, want %+v", got, want)
	}
}

func (p place) trustChanges(t *testing.T) (out []change) {
	t.Helper()
	var lines []struct {
		What    string
		Who     string
		Details change
	}
	if err := json.Unmarshal([]byte(p.run(t, "audit", "instance", "--json")), &lines); err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.What == "TRUST_CHANGED" {
			out = append(out, l.Details)
		}
	}
	return out
}
