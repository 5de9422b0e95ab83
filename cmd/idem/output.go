package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// addJSON gives a command the flag of its machine-readable output.
func addJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

func wantsJSON(cmd *cobra.Command) bool {
	asked, _ := cmd.Flags().GetBool("json")
	return asked
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// table prints rows in aligned columns.
func table(w io.Writer, rows ...[]any) {
	out := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(out, "\t")
			}
			fmt.Fprint(out, cell)
		}
		fmt.Fprintln(out)
	}
	_ = out.Flush()
}

// progress is a bar on the terminal, or silence when there is none.
type progress struct {
	mu  sync.Mutex
	bar *progressbar.ProgressBar
}

func newProgress(total int64, what string) *progress {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{bar: progressbar.DefaultSilent(total)}
	}
	return &progress{bar: progressbar.Default(total, what)}
}

func newByteProgress(total int64, what string) *progress {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{bar: progressbar.DefaultBytesSilent(total)}
	}
	return &progress{bar: progressbar.DefaultBytes(total, what)}
}

func (p *progress) set(done int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.bar.Set64(done)
}

func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.bar.Add(1)
}

func (p *progress) finish() { _ = p.bar.Finish() }
