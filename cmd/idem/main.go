// Command idem is the whole platform in one binary: the server, its
// administration and the tools that measure it. This package holds
// configuration and wiring only.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/idem-id/idem"
	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "idem:", explain(err))
		os.Exit(exitCode(err))
	}
}

// explain shows the cause behind a refusal and what the refusal says besides:
// the one at the terminal is the one who reads the log.
func explain(err error) string {
	var e *idem.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var more []string
	if e.Field != "" {
		more = append(more, e.Field)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		more = append(more, fmt.Sprintf("%s: %v", name, e.Details[name]))
	}
	if len(more) == 0 {
		return err.Error()
	}
	return fmt.Sprintf("%v (%s)", err, strings.Join(more, "; "))
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "idem",
		Short:         "Identity management with face uniqueness, in your own house",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	addFlags(cmd.PersistentFlags())
	cmd.AddCommand(
		serveCommand(), demoCommand(), migrateCommand(),
		orgCommand(), subscriptionCommand(), flowCommand(), sessionCommand(), collectionCommand(), importCommand(), identifyCommand(), checkCommand(),
		modelsCommand(), evalCommand(), trustCommand(), textsCommand(), specimenCommand(),
		backupCommand(), restoreCommand(), keysCommand(), auditCommand(), doctorCommand(), jobsCommand(),
		workerCommand(), versionCommand(),
	)
	return cmd
}
