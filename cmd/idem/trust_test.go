package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
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
	checkTrustAudit(t, data, lines)
	if out, err := runLine(t, "--data", data, "trust", "list"); err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
}

// checkTrustAudit wants an entry for each file that was taken in, in order, and
// for each that was removed; none for a refused one.
func checkTrustAudit(t *testing.T, data string, files []trustLine) {
	t.Helper()
	out, err := runLine(t, "--data", data, "audit", "instance", "--json")
	var lines []instanceLine
	if err != nil || json.Unmarshal([]byte(out), &lines) != nil || len(lines) != 4 {
		t.Fatalf("%v\n%s", err, out)
	}
	got := map[string][]string{}
	for _, l := range lines {
		if l.Who != "account "+account() || l.Org != "" || l.Details["store"] != "travel" || len(l.Details["sha256"].(string)) != 64 {
			t.Errorf("entry %+v", l)
		}
		got[l.What] = append(got[l.What], l.Details["name"].(string))
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	slices.Sort(got["TRUST_IMPORTED"])
	if !slices.Equal(got["TRUST_IMPORTED"], names) || !slices.Equal(got["TRUST_REMOVED"], names) {
		t.Errorf("entries %v, want each of %v", got, names)
	}
	list := lines[0].Details
	if list["kind"] != "master list" || len(list["certificates"].([]any)) != 2 || list["signer"] != "C=UT, O=Specimen, CN=UT Signer" {
		t.Errorf("the entry of a master list: %v", list)
	}
	if _, err := runLine(t, "--data", data, "trust", "remove", "0000000000000000.cer"); err == nil {
		t.Error("a file that is not there was removed")
	}
}
