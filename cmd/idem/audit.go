package main

import (
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/audit"
	"github.com/spf13/cobra"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Verify the chains of actions and galleries"}
	cmd.AddCommand(&cobra.Command{Use: "verify", Short: "Walk every organisation's chains from the beginning", Args: cobra.NoArgs, RunE: verifyChains})
	return cmd
}

func verifyChains(cmd *cobra.Command, _ []string) error {
	return withApp(cmd, func(a *app) error {
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
