package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/audit"
	"github.com/spf13/cobra"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Show what was done to the instance; verify the chains of actions and galleries"}
	cmd.AddCommand(
		&cobra.Command{Use: "verify", Short: "Walk the chains of the instance and of every organisation from the beginning", Args: cobra.NoArgs, RunE: verifyChains},
		addJSON(&cobra.Command{Use: "instance", Short: "List what was done to trust stores, organisations, keys, flows, webhooks, operators and subscriptions", Args: cobra.NoArgs, RunE: showInstance}))
	return cmd
}

func verifyChains(cmd *cobra.Command, _ []string) error {
	return withApp(cmd, func(a *app) error {
		own, err := audit.VerifyInstance(cmd.Context(), a.store)
		if err != nil {
			return fmt.Errorf("instance: %w", err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "instance: %d actions, the chain holds (head %x)\n", own.Actions, own.Hash[:6])
		orgs, err := a.store.System().ListOrganisations(cmd.Context())
		if err != nil {
			return err
		}
		for _, o := range orgs {
			line, err := a.verifyOrg(cmd, o)
			if err != nil {
				return fmt.Errorf("%s: %w", o.Name, err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), line)
		}
		return nil
	})
}

func (a *app) verifyOrg(cmd *cobra.Command, o idem.Organisation) (string, error) {
	actions, err := audit.Verify(cmd.Context(), a.store, o.ID)
	if err != nil {
		return "", err
	}
	entries, err := a.gallery.Verify(cmd.Context(), o.ID)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: %d actions and %d gallery rows, both chains hold (heads %x, %x)",
		o.Name, actions.Actions, entries.Rows, actions.Hash[:6], entries.HeadHash[:6]), nil
}

// instanceLine is one action of the instance for people and programs.
type instanceLine struct {
	Seq     int64          `json:"seq"`
	At      time.Time      `json:"at"`
	Who     string         `json:"who"`
	Org     string         `json:"organisation,omitempty"`
	What    string         `json:"what"`
	Details map[string]any `json:"details,omitempty"`
}

func instanceLineOf(a idem.InstanceAction) instanceLine {
	who := "account " + a.Account
	switch {
	case a.Actor.Credential != "":
		who = "key " + string(a.Actor.Credential)
	case a.Actor.Operator != "":
		who = "operator " + string(a.Actor.Operator)
	}
	return instanceLine{a.Seq, a.At, who, string(a.Org), string(a.Type), a.Details}
}

func showInstance(cmd *cobra.Command, _ []string) error {
	return withData(cmd, func(d *data) error {
		lines := []instanceLine{}
		for a, err := range audit.Instance(cmd.Context(), d.store) {
			if err != nil {
				return err
			}
			lines = append(lines, instanceLineOf(a))
		}
		if wantsJSON(cmd) {
			return printJSON(cmd.OutOrStdout(), lines)
		}
		rows := [][]any{{"SEQ", "AT", "WHO", "WHAT", "ORGANISATION", "DETAILS"}}
		for _, l := range lines {
			details, err := json.Marshal(l.Details)
			if err != nil {
				return err
			}
			rows = append(rows, []any{l.Seq, l.At.Format(time.RFC3339), l.Who, l.What, l.Org, string(details)})
		}
		table(cmd.OutOrStdout(), rows...)
		return nil
	})
}

// account names who runs this process.
func account() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}
