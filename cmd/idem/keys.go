package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/vault"
	"github.com/spf13/cobra"
)

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Back up and rotate the keys that personal data is sealed with"}
	rotate := &cobra.Command{Use: "rotate", Short: "Make a new master key, or a new key of one organisation", Args: cobra.NoArgs, RunE: rotateKeys}
	rotate.Flags().String("organisation", "", "id or name: rotate this organisation's sealing key instead of the master key")
	cmd.AddCommand(rotate,
		&cobra.Command{Use: "backup FILE", Short: "Replace FILE by the newest copy of the key store", Args: cobra.ExactArgs(1), RunE: backupKeys},
		&cobra.Command{Use: "restore FILE", Short: "Copy a key backup into an empty key store (--keys)", Args: cobra.ExactArgs(1), RunE: restoreKeys})
	return cmd
}

func backupKeys(cmd *cobra.Command, args []string) error {
	return withData(cmd, func(d *data) error {
		if err := d.vault.BackupTo(cmd.Context(), args[0]); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "wrote", args[0], "(wrapped keys; useless without the master key). Keep only this newest copy.")
		return nil
	})
}

func restoreKeys(cmd *cobra.Command, args []string) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	if err := makeFolders(c); err != nil {
		return err
	}
	if err := vault.Restore(cmd.Context(), args[0], c.Keys); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "restored", args[0], "- the master key of that time must be in place")
	return nil
}

func rotateKeys(cmd *cobra.Command, _ []string) error {
	return withData(cmd, func(d *data) error {
		text, _ := cmd.Flags().GetString("organisation")
		if text != "" {
			return rotateOrg(cmd, d, text)
		}
		if masterKeyValue() != "" {
			return errors.New("the master key comes from the environment: put it in a file, rotate, and put the new value back")
		}
		if _, err := os.Stat(d.config.MasterKey); err != nil {
			return err
		}
		if err := d.vault.RotateMasterFile(cmd.Context(), d.config.MasterKey); err != nil {
			return err
		}
		if err := d.store.System().Record(cmd.Context(), idem.InstanceAction{Type: idem.ActionMasterKeyRotated, Account: account()}); err != nil {
			return fmt.Errorf("the key is new, but not recorded: %w", err)
		}
		fmt.Fprintln(cmd.OutOrStdout(), "the master key in", d.config.MasterKey, "is new; running servers pick it up")
		return nil
	})
}

func rotateOrg(cmd *cobra.Command, d *data, text string) error {
	org, err := d.findOrg(cmd.Context(), text)
	if err != nil {
		return err
	}
	if err := d.vault.RotateOrg(cmd.Context(), org.ID); err != nil {
		return err
	}
	err = d.store.Update(cmd.Context(), org.ID, func(tx store.Tx) error {
		return tx.Instance().Append(cmd.Context(), idem.InstanceAction{Type: idem.ActionSealingKeyRotated, Account: account()})
	})
	if err != nil {
		return fmt.Errorf("the key is new, but not recorded: %w", err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "the sealing key of", org.Name, "is new")
	return nil
}
