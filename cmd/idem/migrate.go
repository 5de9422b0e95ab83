package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func migrateCommand() *cobra.Command {
	return &cobra.Command{Use: "migrate", Short: "Bring the database to this version's schema (serve does it too)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withData(cmd, func(d *data) error {
				version, err := d.store.System().SchemaVersion(cmd.Context())
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), "schema version", version)
				}
				return err
			})
		}}
}
