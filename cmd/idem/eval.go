package main

import (
	"context"
	"fmt"
	"os"

	"github.com/idem-id/idem/internal/eval"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
	"github.com/spf13/cobra"
)

func evalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "eval", Short: "Measure the error rates of the configured models on your own pictures"}
	cmd.AddCommand(
		evaluation("pairs FOLDER [PAIRS.csv]", "1:1: columns a, b, same; without a list every picture against every other, a folder being an identity", 1, pairsReport),
		evaluation("identify FOLDER LIST.csv", "1:N: columns role (gallery, mated, nonmated), identity, file", 2, identifyReport),
		evaluation("pad FOLDER LIST.csv", "attack detection: columns file, label (live, attack), attack; group, if frames belong to videos", 2, padReport))
	cmd.AddCommand(addJSON(&cobra.Command{Use: "edocument FOLDER", Short: "Electronic documents: folders with EF.SOD, data groups and csca.cer; verdicts in expected.json", Args: cobra.ExactArgs(1), RunE: evaluateChips}))
	cmd.AddCommand(evalDocumentCommand())
	return cmd
}

type evaluator func(ctx context.Context, e face.Engine, args []string, o eval.Options) (eval.Report, error)

func evaluation(use, short string, least int, run evaluator) *cobra.Command {
	cmd := addJSON(&cobra.Command{Use: use, Short: short, Args: cobra.RangeArgs(least, 2), RunE: func(cmd *cobra.Command, args []string) error {
		return evaluate(cmd, args, run)
	}})
	cmd.Flags().Bool("float", false, "compare the recogniser's float vectors instead of 8-bit templates")
	cmd.Flags().String("out", "", "write report, scores and DET plots (SVG, PNG) into this folder; scores.csv names files: personal data")
	return cmd
}

func evaluate(cmd *cobra.Command, args []string, run evaluator) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	engine := ort.Open(c.Models, ort.Options{Workers: c.Workers})
	defer func() { _ = engine.Close() }()
	if err := engine.Ready(); err != nil {
		return err
	}
	var bar *progress
	options := eval.Options{Progress: func(done, total int) {
		if bar == nil {
			bar = newProgress(int64(total), "pictures")
		}
		bar.set(int64(done))
	}}
	options.Float, _ = cmd.Flags().GetBool("float")
	report, err := run(cmd.Context(), engine, args, options)
	if bar != nil {
		bar.finish()
	}
	if err != nil {
		return err
	}
	return publish(cmd, report)
}

func publish(cmd *cobra.Command, report eval.Report) error {
	if folder, _ := cmd.Flags().GetString("out"); folder != "" {
		if err := eval.WriteTo(folder, report); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "wrote report and plots to", folder)
	}
	if wantsJSON(cmd) {
		return eval.JSON(cmd.OutOrStdout(), report)
	}
	return report.Text(cmd.OutOrStdout())
}

func pairsReport(ctx context.Context, e face.Engine, args []string, o eval.Options) (eval.Report, error) {
	if len(args) == 1 {
		return eval.Tree(ctx, e, args[0], o)
	}
	return eval.Pairs(ctx, e, args[0], args[1], o)
}

func identifyReport(ctx context.Context, e face.Engine, args []string, o eval.Options) (eval.Report, error) {
	return eval.Identify(ctx, e, args[0], args[1], o)
}

func padReport(ctx context.Context, e face.Engine, args []string, o eval.Options) (eval.Report, error) {
	return eval.PAD(ctx, e, args[0], args[1], o)
}

// evaluateChips needs no face engine.
func evaluateChips(cmd *cobra.Command, args []string) error {
	worker, err := picture.SelfWorker()
	if err != nil {
		return err
	}
	decoder := picture.NewDecoder(picture.DefaultLimits(), worker)
	report, err := eval.EDocuments(cmd.Context(), args[0], func(s *trust.Store) tech.Technology {
		return edocument.New(edocument.Deps{Travel: s, Mobile: s, Decoder: decoder})
	})
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), report)
	}
	return report.Text(cmd.OutOrStdout())
}
