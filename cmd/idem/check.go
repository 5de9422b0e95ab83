package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/check/report"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
	"github.com/spf13/cobra"
)

// errNotPassed ends the program with 1 where everything else that goes wrong
// with a check ends it with 2.
var errNotPassed = errors.New("not passed")

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Run one technology on files, without server or organisation; exits with 0 passed, 1 not passed, 2 no result"}
	cmd.AddCommand(checkFaceCommand(), checkLivenessCommand(), checkDocumentCommand(), checkEDocumentCommand())
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
		files, err := readFiles(args)
		if err != nil {
			return err
		}
		in := check.Files{Probe: files[0], Reference: files[1]}
		in.FMR, _ = cmd.Flags().GetFloat64("fmr")
		return runCheck(cmd, idem.TechFace2Face, in)
	})
	cmd.Flags().Float64("fmr", 1e-4, "false match rate to decide at, 1e-6..1e-2")
	return addDraw(cmd)
}

func checkLivenessCommand() *cobra.Command {
	return addDraw(newCheck("liveness FRAME...", "Judge one frame or several of one moment (passive)", cobra.MinimumNArgs(1), func(cmd *cobra.Command, args []string) error {
		files, err := readFiles(args)
		if err != nil {
			return err
		}
		return runCheck(cmd, idem.TechLivenessShort, check.Files{Frames: files})
	}))
}

func checkDocumentCommand() *cobra.Command {
	cmd := newCheck("document PAGE...", "Read an identity document: front, then back", cobra.RangeArgs(1, 4), func(cmd *cobra.Command, args []string) error {
		files, err := readFiles(args)
		if err != nil {
			return err
		}
		in := check.Files{Pages: files}
		in.Country, _ = cmd.Flags().GetString("country")
		return runCheck(cmd, idem.TechDocumentRecognition, in)
	})
	cmd.Flags().String("country", "", "the issuer that is expected, ISO 3166-1 alpha-3")
	cmd.Flags().Bool("specimen", false, "admit documents of the fictional state UTO")
	return addDraw(cmd)
}

func checkEDocumentCommand() *cobra.Command {
	cmd := newCheck("edocument FILE...", "Check the files of a chip (EF.SOD, EF.DG1 ...) or of a mobile licence (DeviceResponse, IssuerSigned), by their names",
		cobra.MinimumNArgs(1), func(cmd *cobra.Command, args []string) error {
			files, err := readFiles(args)
			if err != nil {
				return err
			}
			in := check.Files{Chip: map[string][]byte{}}
			for i, name := range args {
				in.Chip[filepath.Base(name)] = files[i]
			}
			return runCheck(cmd, idem.TechEDocument, in)
		})
	cmd.Flags().StringSlice("root", nil, "certificate or master list to trust instead of the trust store in the data folder; repeat for more")
	return cmd
}

// addDraw gives a command the flag of its annotated pictures.
func addDraw(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("draw", "", "write the pictures with what was found on them, as JPEG; further ones get a number")
	return cmd
}

func readFiles(names []string) ([][]byte, error) {
	out := make([][]byte, len(names))
	for i, name := range names {
		var err error
		if out[i], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return out, nil
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
	decoder := picture.NewDecoder(picture.DefaultLimits(), worker)
	e := engines{chips: edocument.New(edocument.Deps{Travel: travelTrust(c), Mobile: mobileTrust(c), Decoder: decoder})}
	if roots, _ := cmd.Flags().GetStringSlice("root"); len(roots) > 0 {
		done, err := e.trustOnly(roots)
		if err != nil {
			return err
		}
		defer done()
	}
	stop := e.open(c, code)
	defer stop()
	in, err := files.Evidence(cmd.Context(), decoder)
	if err != nil {
		return err
	}
	specimen, _ := cmd.Flags().GetBool("specimen")
	list := e.technologies(document.Options{Specimen: specimen})
	return showCheck(cmd, list[slices.IndexFunc(list, func(t tech.Technology) bool { return t.Code() == code })], in)
}

// open loads the networks that a technology needs.
func (e *engines) open(c config, code idem.TechCode) (stop func()) {
	e.faces, e.text = face.None{Reason: "not asked for"}, &ocr.Engine{}
	if code == idem.TechEDocument {
		return func() {}
	}
	faces := ort.Open(c.Models, ort.Options{Workers: c.Workers})
	e.faces = faces
	if code == idem.TechDocumentRecognition {
		e.text = ocr.Open(c.Models, ocr.Options{Workers: c.Workers})
	}
	return func() { _, _ = faces.Close(), e.text.Close() }
}

// trustOnly makes trust stores of certain roots, which done removes.
func (e *engines) trustOnly(files []string) (done func(), err error) {
	folder, err := os.MkdirTemp("", "idem-trust-")
	if err != nil {
		return nil, err
	}
	done = func() { _ = os.RemoveAll(folder) }
	store := trust.Open(folder)
	for _, file := range files {
		content, err := readTrustFile(file)
		if err == nil {
			_, err = store.Import(content)
		}
		if err != nil {
			done()
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	e.chips.Travel, e.chips.Mobile = store, store
	return done, nil
}

func showCheck(cmd *cobra.Command, t tech.Technology, in tech.Evidence) error {
	if err := t.Ready(); err != nil {
		return err
	}
	out, err := t.Run(cmd.Context(), in)
	if err != nil {
		return err
	}
	if file, _ := cmd.Flags().GetString("draw"); file != "" {
		if err := drawTo(file, sheets(in, report.Of(out))); err != nil {
			return err
		}
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
		fmt.Fprintf(w, "warnings         %s\n", strings.Join(head.Warnings, ", "))
	}
	for _, line := range report.Lines(out) {
		fmt.Fprintf(w, "%-16s %s\n", line.Name, line.Value)
	}
}
