package main

import (
	"os"

	"github.com/idem-id/idem/internal/barcode"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech/document/tesseract"
	"github.com/spf13/cobra"
)

// workerCommand runs in the processes that meet strangers' bytes with code
// that could fail badly over them.
func workerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "worker", Hidden: true, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return picture.RunWorker(os.Stdin, os.Stdout)
	}}
	cmd.AddCommand(&cobra.Command{Use: "barcode", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if err := picture.Confine(); err != nil {
			return err
		}
		return barcode.Serve(os.Stdin, os.Stdout)
	}})
	cmd.AddCommand(&cobra.Command{Use: "tesseract PROGRAM", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		if err := picture.Confine(); err != nil {
			return err
		}
		return tesseract.Program{Path: args[0]}.Become()
	}})
	return cmd
}
