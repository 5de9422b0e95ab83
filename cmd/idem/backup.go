package main

import (
	"fmt"
	"path/filepath"

	"github.com/idem-id/idem/internal/backup"
	"github.com/spf13/cobra"
)

func backupCommand() *cobra.Command {
	return &cobra.Command{Use: "backup FILE", Short: "Write database and pictures, sealed as they are and without keys, into one file",
		Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return withData(cmd, func(d *data) error { return d.backup(cmd, args[0]) })
		}}
}

func (d *data) backup(cmd *cobra.Command, file string) error {
	schema, err := d.store.System().SchemaVersion(cmd.Context())
	if err != nil {
		return err
	}
	sources := backup.Sources{Objects: d.blobs, Program: version(), Schema: schema,
		Progress: func(p backup.Progress) { countFiles("backup", p.Files) }}
	if d.config.Database != "" {
		sources.Postgres = backup.NewPostgres(d.config.Database)
	} else {
		sources.SQLite = d.sqlite
	}
	manifest, err := backup.Create(cmd.Context(), file, sources)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d files. Keys are not in it: idem keys backup FILE writes them elsewhere.\n", file, len(manifest.Files))
	return nil
}

func restoreCommand() *cobra.Command {
	return &cobra.Command{Use: "restore FILE", Short: "Unpack a backup into an empty data folder (--data), with --database into that database",
		Args: cobra.ExactArgs(1), RunE: restore}
}

func restore(cmd *cobra.Command, args []string) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	manifest, err := backup.Restore(cmd.Context(), args[0], c.Data, backup.Options{})
	if err != nil {
		return err
	}
	if manifest.Database == "postgres" {
		if c.Database == "" {
			return fmt.Errorf("the backup holds a PostgreSQL database: name an empty one with --database and load %s with pg_restore", filepath.Join(c.Data, backup.PostgresFile))
		}
		if err := backup.RestorePostgres(cmd.Context(), filepath.Join(c.Data, backup.PostgresFile), c.Database); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "restored %d files of %s into %s. Put the key store and the master key in place, then start.\n",
		len(manifest.Files), manifest.CreatedAt.Format("2006-01-02 15:04"), c.Data)
	return nil
}
