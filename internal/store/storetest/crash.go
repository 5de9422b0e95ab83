package storetest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// The environment of the process that is going to be killed.
const (
	crashAddress = "IDEM_TEST_CRASH_ADDRESS"
	crashOrg     = "IDEM_TEST_CRASH_ORG"
	crashSecret  = "keys that both processes know"
)

// Crash kills a process that writes with eight goroutines, three times, and
// checks what it left: everything that it had acknowledged, and nothing by
// halves. address makes a fresh database, at opens one by its address. The
// test binary starts itself again, so it must be called by a top-level test.
func Crash(t *testing.T, address func(testing.TB) string, at func(string) Database) {
	if known := os.Getenv(crashAddress); known != "" {
		writeForEver(t, at(known)(t, configure([]Option{WithSealer(SealerOf(crashSecret))})), idem.OrgID(os.Getenv(crashOrg)))
		return
	}
	where := address(t)
	open := func() store.Store { return at(where)(t, configure([]Option{WithSealer(SealerOf(crashSecret))})) }
	s := open()
	org := NewOrganisation(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []idem.PersonID
	for _, kill := range []int{30, 90, 150} {
		acknowledged = append(acknowledged, crash(t, where, org, kill)...)
		checkWhole(t, open(), org, acknowledged)
	}
}

// crash starts the writing process, kills it behind the given number of
// acknowledgements and returns those that it managed to send.
func crash(t *testing.T, address string, org idem.OrgID, kill int) (acknowledged []idem.PersonID) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), crashAddress+"="+address, crashOrg+"="+string(org))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "ack "); ok {
			acknowledged = append(acknowledged, idem.PersonID(id))
		}
		if len(acknowledged) == kill {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(acknowledged) < kill {
		t.Fatalf("the writing process ended by itself behind %d persons: %v", len(acknowledged), err)
	}
	return acknowledged
}

// writeForEver creates persons and acknowledges them on standard output.
func writeForEver(t *testing.T, s store.Store, org idem.OrgID) {
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for t.Context().Err() == nil {
				p := person()
				if err := s.Update(t.Context(), org, func(tx store.Tx) error { return wholePerson(t, tx, p) }); err != nil {
					t.Error(err)
					return
				}
				fmt.Fprintf(os.Stdout, "ack %s\n", p.ID)
			}
		})
	}
	workers.Wait()
}

// wholePerson writes one row of every kind that belongs to a new person.
func wholePerson(t *testing.T, tx store.Tx, p idem.Person) error {
	ctx := t.Context()
	if err := tx.Persons().Insert(ctx, p); err != nil {
		return err
	}
	for i := range 2 {
		if err := tx.Aliases().Insert(ctx, p.DataKey, custom(p, fmt.Sprintf("%s %d", p.ID, i))); err != nil {
			return err
		}
	}
	if err := tx.Photos().Insert(ctx, photo(p, idem.PhotoOther)); err != nil {
		return err
	}
	rows := []idem.LogRow{reserve(string(p.ID))}
	if err := tx.Gallery().Append(ctx, model, rows); err != nil {
		return err
	}
	if err := tx.Gallery().PutTemplates(ctx, model, map[idem.Seq][]byte{rows[0].Seq: []byte(p.ID)}); err != nil {
		return err
	}
	return tx.Actions().Append(ctx, idem.Action{Person: p.ID, Type: idem.ActionPersonCreated})
}

func checkWhole(t *testing.T, s store.Store, org idem.OrgID, acknowledged []idem.PersonID) {
	t.Helper()
	stored := map[idem.PersonID]bool{}
	for _, a := range auditOf(t, s, org) {
		stored[a.Person] = true
	}
	for _, id := range acknowledged {
		if !stored[id] {
			t.Errorf("person %s was acknowledged and is lost", id)
		}
	}
	n := int64(len(stored))
	if persons := countPersons(t, s, org); persons != n {
		t.Errorf("%d persons, %d in the audit", persons, n)
	}
	rows := galleryOf(t, s, org, model, 0, [32]byte{})
	if int64(len(rows)) != n {
		t.Errorf("%d gallery rows, %d persons", len(rows), n)
	}
	for _, r := range rows {
		id := idem.PersonID(r.Subject)
		if !stored[id] || string(r.Sealed) != r.Subject || len(aliasesOf(t, s, org, id)) != 2 || len(photosOf(t, s, org, id)) != 1 {
			t.Errorf("person %s was written by halves", id)
		}
	}
}
