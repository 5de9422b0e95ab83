package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// runLine executes a command line and returns what it printed.
func runLine(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// TestEDOC_7_TrustCommand: a master list is taken in with its signer shown and
// its certificates counted; an altered one is not.
func TestEDOC_7_TrustCommand(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	i, other := edoctest.New(t, edoctest.P256()), edoctest.NewIn(t, edoctest.P256(), "DE")
	list := i.MasterList(i.Root, other.Root)
	data := filepath.Join(dir, "data")
	out, err := runLine(t, "--data", data, "trust", "import", write("list.bin", list), write("iaca.pem", other.Root))
	if err != nil || !strings.Contains(out, "C=UT, O=Specimen, CN=UT Signer") || !strings.Contains(out, "2 certificates: DE 1, UT 1") {
		t.Fatalf("%v\n%s", err, out)
	}
	list[bytes.LastIndex(list, []byte("Specimen"))] ^= 1
	if out, err := runLine(t, "--data", data, "trust", "import", write("altered.ml", list)); err == nil {
		t.Errorf("an altered list was taken in:\n%s", out)
	}
	out, err = runLine(t, "--data", data, "trust", "list", "--json")
	var lines []trustLine
	if err != nil || json.Unmarshal([]byte(out), &lines) != nil || len(lines) != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, l := range lines {
		if _, err := runLine(t, "--data", data, "trust", "remove", l.Name); err != nil {
			t.Error(err)
		}
	}
	if out, err := runLine(t, "--data", data, "trust", "list"); err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
}
