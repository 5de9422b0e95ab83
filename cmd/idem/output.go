package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/idem-id/idem/internal/store"
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

// addLimit gives a command that lists the flag of how much.
func addLimit(cmd *cobra.Command, usual int) *cobra.Command {
	cmd.Flags().Int("limit", usual, "how many, 1..1000")
	return cmd
}

// firstPage is what the flag says; another number is refused by the store.
func firstPage(cmd *cobra.Command) store.Page {
	limit, _ := cmd.Flags().GetInt("limit")
	return store.Page{Limit: limit}
}

// oneOf refuses a flag with another value.
func oneOf(flag, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%s is one of %s", flag, strings.Join(known, ", "))
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

// progress is a bar on the terminal; without a terminal it is silent.
type progress struct {
	mu  sync.Mutex
	bar *progressbar.ProgressBar // nil is silent
}

func onTerminal() bool { return term.IsTerminal(int(os.Stderr.Fd())) }

func newProgress(total int64, what string) *progress {
	if !onTerminal() {
		return &progress{}
	}
	return &progress{bar: progressbar.Default(total, what)}
}

func newByteProgress(total int64, what string) *progress {
	if !onTerminal() {
		return &progress{}
	}
	return &progress{bar: progressbar.DefaultBytes(total, what)}
}

func (p *progress) do(f func(*progressbar.ProgressBar)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		f(p.bar)
	}
}

func (p *progress) set(done int64) { p.do(func(b *progressbar.ProgressBar) { _ = b.Set64(done) }) }

func (p *progress) step() { p.do(func(b *progressbar.ProgressBar) { _ = b.Add(1) }) }

func (p *progress) finish() { p.do(func(b *progressbar.ProgressBar) { _ = b.Finish() }) }

// countFiles tells on the terminal how many files are done, where their number
// is not known beforehand.
func countFiles(what string, files int) {
	if onTerminal() {
		fmt.Fprintf(os.Stderr, "\r%s: %d files", what, files)
	}
}
