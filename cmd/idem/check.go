package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/check/report"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/spf13/cobra"
)

// errNotPassed ends the program with 1 where everything else that goes wrong
// with a check ends it with 2.
var errNotPassed = errors.New("not passed")

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Run one technology on files, without server or organisation; exits with 0 passed, 1 not passed, 2 no result"}
	cmd.AddCommand(checkFaceCommand())
	return cmd
}

// checkFailure is a check without a result.
type checkFailure struct{ error }

func (f checkFailure) Unwrap() error { return f.error }

// exitCode is what the program ends with.
func exitCode(err error) int {
	if errors.As(err, &checkFailure{}) {
		return 2
	}
	return 1
}

// newCheck makes the command of one technology.
func newCheck(use, short string, args cobra.PositionalArgs, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := addJSON(&cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if err != nil && !errors.Is(err, errNotPassed) {
			return checkFailure{err}
		}
		return err
	}})
	return cmd
}

func checkFaceCommand() *cobra.Command {
	cmd := newCheck("face PROBE REFERENCE", "Compare two faces", cobra.ExactArgs(2), func(cmd *cobra.Command, args []string) error {
		in := check.Files{}
		in.FMR, _ = cmd.Flags().GetFloat64("fmr")
		var err error
		if in.Probe, err = os.ReadFile(args[0]); err != nil {
			return err
		}
		if in.Reference, err = os.ReadFile(args[1]); err != nil {
			return err
		}
		return runCheck(cmd, idem.TechFace2Face, in)
	})
	cmd.Flags().Float64("fmr", 1e-4, "false match rate to decide at, 1e-6..1e-2")
	return cmd
}

// runCheck runs a technology with engines of its own.
func runCheck(cmd *cobra.Command, code idem.TechCode, files check.Files) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	worker, err := picture.SelfWorker()
	if err != nil {
		return err
	}
	engine := ort.Open(c.Models, ort.Options{Workers: c.Workers})
	defer func() { _ = engine.Close() }()
	in, err := files.Evidence(cmd.Context(), picture.NewDecoder(picture.DefaultLimits(), worker))
	if err != nil {
		return err
	}
	for _, t := range technologies(engine) {
		if t.Code() == code {
			return showCheck(cmd, t, in)
		}
	}
	return idem.Errorf(idem.Unprocessable, "TECHNOLOGY_UNKNOWN", "no technology of the code %s", code)
}

func showCheck(cmd *cobra.Command, t tech.Technology, in tech.Evidence) error {
	if err := t.Ready(); err != nil {
		return err
	}
	out, err := t.Run(cmd.Context(), in)
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		err = printJSON(cmd.OutOrStdout(), report.Of(out))
	} else {
		printCheck(cmd.OutOrStdout(), out)
	}
	if err == nil && !out.Passed {
		err = errNotPassed
	}
	return err
}

func printCheck(w io.Writer, out tech.Outcome) {
	head, verdict := report.HeadOf(out), "passed"
	if !out.Passed {
		verdict = "not passed: " + strings.Join(head.Reasons, ", ")
	}
	fmt.Fprintf(w, "%s %s\n", head.Technology, verdict)
	if len(head.Warnings) > 0 {
		fmt.Fprintf(w, "warnings   %s\n", strings.Join(head.Warnings, ", "))
	}
	for _, line := range report.Lines(out) {
		fmt.Fprintf(w, "%-10s %s\n", line.Name, line.Value)
	}
}
