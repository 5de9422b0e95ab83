package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
)

// TestJobsAreLookedAfter buries a job and decides on it by command.
func TestJobsAreLookedAfter(t *testing.T) {
	eachDatabase(t, func(t *testing.T, p place) {
		org := p.createOrg(t)
		p.buryJob(t, idem.OrgID(org.OrgID))
		want := func(state string, n int) {
			t.Helper()
			var lines []jobLine
			if err := json.Unmarshal([]byte(p.run(t, "jobs", "list", "--json", "--state", state)), &lines); err != nil || len(lines) != n {
				t.Errorf("%s jobs: %+v, %v; want %d", state, lines, err, n)
			}
		}
		if out := p.run(t, "jobs", "list"); !strings.Contains(out, "letter") || !strings.Contains(out, "REFUSED") || strings.Contains(out, "secret") {
			t.Errorf("jobs list printed %q", out)
		}
		p.run(t, "jobs", "run", "letter", "a")
		want("queued", 1)
		p.run(t, "jobs", "discard", "letter", "a")
		want("discarded", 1)
		want("all", 1)
		if _, err := p.try(t, "jobs", "run", "letter", "a"); err == nil || !strings.Contains(err.Error(), "JOB_NOT_FOUND") {
			t.Errorf("a discarded job: %v", err)
		}
	})
}

func (p place) buryJob(t *testing.T, org idem.OrgID) {
	t.Helper()
	c := config{Data: p.data, Database: p.database}
	if err := c.fill(); err != nil {
		t.Fatal(err)
	}
	d, err := openData(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	err = d.store.Update(t.Context(), org, func(tx store.Tx) error {
		_, err := job.Enqueue(t.Context(), tx, job.Kind[string]{Name: "letter"}, job.Order[string]{Key: "a", Args: "secret"})
		return err
	})
	queue := d.store.System().Queue()
	claimed, err2 := queue.Claim(t.Context(), "letter", 1, 1e9)
	if err := errors.Join(err, err2, queue.Bury(t.Context(), claimed[0], "REFUSED")); err != nil {
		t.Fatal(err)
	}
}
