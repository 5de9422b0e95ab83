package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/report"
	"github.com/idem-id/idem/internal/store"
	"github.com/spf13/cobra"
)

func sessionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "session", Short: "See how the sessions of flows went, and erase them"}
	list := addJSON(addOrg(&cobra.Command{Use: "list", Short: "List sessions, newest first", Args: cobra.NoArgs, RunE: listSessions}))
	list.Flags().String("flow", "", "name or id: only its sessions")
	list.Flags().String("person", "", "id: only sessions of this person")
	list.Flags().String("status", "", "NEW, PROGRESS, FINISHED, FAILED, EXPIRED")
	addLimit(list, 50)
	show := addOrg(&cobra.Command{Use: "show SESSION", Short: "Show the steps of a session and why it did not pass", Args: cobra.ExactArgs(1), RunE: showSession})
	show.Flags().Bool("json", false, "print what the steps found as JSON, without pictures; that is personal data")
	erase := addOrg(&cobra.Command{Use: "erase SESSION", Short: "Erase what is kept of an ended session without a person, for ever", Args: cobra.ExactArgs(1), RunE: eraseSession})
	erase.Flags().String("reason", "", "a reference such as a ticket number, kept in the audit for ever")
	_ = erase.MarkFlagRequired("reason")
	cmd.AddCommand(list, show, erase)
	return cmd
}

// sessionLine is what scripts read.
type sessionLine struct {
	ID           string     `json:"id"`
	Flow         string     `json:"flow_name"`
	Status       string     `json:"status"`
	Demo         bool       `json:"is_demo"`
	Technologies []string   `json:"technologies"`
	CreatedAt    time.Time  `json:"created_at"`
	EndedAt      *time.Time `json:"ended_at"`
}

func listSessions(cmd *cobra.Command, _ []string) error {
	f := cmd.Flags()
	status, _ := f.GetString("status")
	person, _ := f.GetString("person")
	if status != "" {
		if err := oneOf("--status", status, "NEW", "PROGRESS", "FINISHED", "FAILED", "EXPIRED"); err != nil {
			return err
		}
	}
	return withFlows(cmd, func(_ *data, all *flow.Flows, p idem.Principal) error {
		q := store.SessionQuery{State: idem.SessionState(status), Person: idem.PersonID(person)}
		if name, _ := f.GetString("flow"); name != "" {
			found, err := findFlow(cmd, all, p, name)
			if err != nil {
				return err
			}
			q.Flow = found.ID
		}
		list, _, err := all.Sessions(cmd.Context(), p, q, firstPage(cmd))
		if err != nil {
			return err
		}
		return printSessions(cmd, list)
	})
}

func printSessions(cmd *cobra.Command, list []idem.Session) error {
	lines, rows := []sessionLine{}, [][]any{{"SESSION", "FLOW", "STATUS", "STEPS", "OPENED"}}
	for _, s := range list {
		line := sessionLine{ID: string(s.ID), Flow: s.FlowName, Status: string(s.State), Demo: s.Demo, CreatedAt: s.CreatedAt}
		var steps []string
		for _, step := range s.Steps {
			line.Technologies = append(line.Technologies, string(step.Technology))
			steps = append(steps, string(step.Technology)+":"+string(step.State))
		}
		if !s.EndedAt.IsZero() {
			line.EndedAt = &s.EndedAt
		}
		lines = append(lines, line)
		rows = append(rows, []any{s.ID, s.FlowName, marked(s), strings.Join(steps, " "), s.CreatedAt.Format(time.RFC3339)})
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), lines)
	}
	table(cmd.OutOrStdout(), rows...)
	return nil
}

// marked is the status, with a word on demonstrations.
func marked(s idem.Session) string {
	if s.Demo {
		return string(s.State) + " (demo)"
	}
	return string(s.State)
}

func showSession(cmd *cobra.Command, args []string) error {
	id, ok := idem.ParseID(args[0])
	if !ok {
		return idem.ErrSessionNotFound
	}
	return withFlows(cmd, func(_ *data, all *flow.Flows, p idem.Principal) error {
		s, err := all.Session(cmd.Context(), p, idem.SessionID(id))
		if err != nil {
			return err
		}
		if wantsJSON(cmd) {
			told, err := report.Of(&s, nil)
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), told)
		}
		printSession(cmd, s)
		return nil
	})
}

func eraseSession(cmd *cobra.Command, args []string) error {
	id, ok := idem.ParseID(args[0])
	if !ok {
		return idem.ErrSessionNotFound
	}
	reason, _ := cmd.Flags().GetString("reason")
	return withFlows(cmd, func(_ *data, all *flow.Flows, p idem.Principal) error {
		e, err := all.Erase(cmd.Context(), p, idem.SessionID(id), reason)
		if err != nil {
			return err
		}
		table(cmd.OutOrStdout(), []any{"session", e.Session}, []any{"erased", at(e.At)}, []any{"pictures", e.Pictures}, []any{"complete", e.Complete})
		return nil
	})
}

// printSession tells nothing personal.
func printSession(cmd *cobra.Command, s idem.Session) {
	rows := [][]any{{"session", s.ID}, {"flow", s.FlowName}, {"status", marked(s)}, {"failure", failureText(s.Failure)},
		{"opened", at(s.CreatedAt)}, {"started", at(s.StartedAt)}, {"ended", at(s.EndedAt)}, {"expires", at(s.ExpiresAt)}, {"erased", at(s.ErasedAt)}}
	for i, step := range s.Steps {
		words := []string{string(step.Technology), string(step.State)}
		if step.Attempts > 0 {
			words = append(words, fmt.Sprintf("attempts %d", step.Attempts))
		}
		if step.Copied != "" {
			words = append(words, "copied from "+string(step.Copied))
		}
		if step.Result != nil {
			words = slices.Concat(words, step.Result.Reasons, step.Result.Warnings)
		}
		rows = append(rows, []any{fmt.Sprintf("step %d", i), strings.Join(words, "  ")})
	}
	table(cmd.OutOrStdout(), rows...)
}

func failureText(f idem.Failure) string {
	if f == (idem.Failure{}) {
		return "-"
	}
	return string(f.Type) + ": " + f.Detail
}

func at(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}
