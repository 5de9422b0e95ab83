package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/store"
	"github.com/spf13/cobra"
)

func jobsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "jobs", Short: "Look after what is done in the background"}
	list := addJSON(addOrg(&cobra.Command{Use: "list", Short: "List jobs, newest first", Args: cobra.NoArgs, RunE: listJobs}))
	list.Flags().String("state", string(store.JobDead), strings.Join(jobStates(), ", "))
	list.Flags().String("kind", "", "only jobs of this kind")
	cmd.AddCommand(addLimit(list, 100),
		addOrg(&cobra.Command{Use: "run KIND KEY", Short: "Run a dead or waiting job now, with all its attempts", Args: cobra.ExactArgs(2), RunE: onJob(store.Jobs.Rerun)}),
		addOrg(&cobra.Command{Use: "discard KIND KEY", Short: "Give a dead or waiting job up", Args: cobra.ExactArgs(2), RunE: onJob(store.Jobs.Discard)}))
	return cmd
}

type jobLine struct {
	Kind      string    `json:"kind"`
	Key       string    `json:"key"`
	State     string    `json:"state"`
	Attempts  int       `json:"attempts"`
	Fault     string    `json:"fault,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	DueAt     time.Time `json:"due_at"`
}

func listJobs(cmd *cobra.Command, _ []string) error {
	state, _ := cmd.Flags().GetString("state")
	kind, _ := cmd.Flags().GetString("kind")
	if err := oneOf("--state", state, jobStates()...); err != nil {
		return err
	}
	if state == "all" {
		state = ""
	}
	var found []store.Job
	err := withOrgTx(cmd, store.Store.View, func(ctx context.Context, tx store.Tx) (err error) {
		found, _, err = tx.Jobs().List(ctx, store.JobState(state), kind, firstPage(cmd))
		return err
	})
	if err != nil {
		return err
	}
	return printJobs(cmd, found)
}

func jobStates() []string { return []string{"queued", "running", "done", "dead", "discarded", "all"} }

func printJobs(cmd *cobra.Command, found []store.Job) error {
	lines, rows := make([]jobLine, 0, len(found)), [][]any{{"KIND", "KEY", "STATE", "ATTEMPTS", "FAULT", "DUE"}}
	for _, j := range found {
		lines = append(lines, jobLine{j.Kind, j.Key, string(j.State), j.Attempts, j.Fault, j.CreatedAt, j.DueAt})
		rows = append(rows, []any{j.Kind, j.Key, j.State, j.Attempts, j.Fault, j.DueAt.Format(time.RFC3339)})
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), lines)
	}
	table(cmd.OutOrStdout(), rows...)
	return nil
}

// onJob runs a method of store.Jobs on the job that the arguments name.
func onJob(do func(store.Jobs, context.Context, string, string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return withOrgTx(cmd, store.Store.Update, func(ctx context.Context, tx store.Tx) error {
			if err := do(tx.Jobs(), ctx, args[0], args[1]); err != nil {
				return fmt.Errorf("job %s %s: %w", args[0], args[1], err)
			}
			return nil
		})
	}
}

// withOrgTx runs f in a transaction of the organisation that the flags name.
func withOrgTx(cmd *cobra.Command, run func(store.Store, context.Context, idem.OrgID, func(store.Tx) error) error, f func(context.Context, store.Tx) error) error {
	return withData(cmd, func(d *data) error {
		org, err := d.orgOf(cmd)
		if err != nil {
			return err
		}
		return run(d.store, cmd.Context(), org.ID, func(tx store.Tx) error { return f(cmd.Context(), tx) })
	})
}

// jobReadings are the numbers of each kind.
func jobReadings(r *job.Runner) (list []metrics.Reading) {
	for _, kind := range r.Kinds() {
		labels := map[string]string{"kind": kind}
		for _, n := range []struct {
			name, help string
			value      func(job.Reading) float64
		}{
			{"jobs_queued", "jobs that wait, also for their time", func(n job.Reading) float64 { return float64(n.Queued) }},
			{"jobs_running", "jobs that run, in all processes", func(n job.Reading) float64 { return float64(n.Running) }},
			{"jobs_dead", "jobs that a person must decide on: idem jobs list", func(n job.Reading) float64 { return float64(n.Dead) }},
			{"jobs_late_seconds", "how long the oldest due job has waited for a worker", func(n job.Reading) float64 { return n.Late.Seconds() }},
		} {
			list = append(list, metrics.Reading{Name: n.name, Help: n.help, Labels: labels, Value: func() float64 { return n.value(r.Reading(kind)) }})
		}
	}
	return list
}
