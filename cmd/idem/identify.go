package main

import (
	"fmt"
	"os"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/spf13/cobra"
)

func identifyCommand() *cobra.Command {
	cmd := addJSON(addOrg(&cobra.Command{Use: "identify PHOTO", Short: "Find whose face this is", Args: cobra.ExactArgs(1), RunE: runIdentify}))
	cmd.Flags().Int("k", 5, "candidates at most, 1..100")
	cmd.Flags().Float64("fmr", 0, "false match rate per comparison, 1e-6..1e-2; without it the organisation's")
	cmd.Flags().StringSlice("ids", nil, "compare with these persons only, at most 10,000 ids with commas between them")
	return cmd
}

// identified is what scripts read.
type identified struct {
	FaceCode      string       `json:"face_code"`
	Compared      int          `json:"compared"`
	Threshold     float64      `json:"threshold"`
	FMR           float64      `json:"fmr"`
	ExpectedFalse float64      `json:"expected_false_candidates"`
	Candidates    []identMatch `json:"candidates"`
}

type identMatch struct {
	Person string  `json:"person_id"`
	Score  float64 `json:"score"`
	FMR    float64 `json:"fmr"`
}

func runIdentify(cmd *cobra.Command, args []string) error {
	photo, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	q := registry.IdentifyQuery{}
	q.K, _ = cmd.Flags().GetInt("k")
	if fmr, _ := cmd.Flags().GetFloat64("fmr"); fmr != 0 {
		q.FMR = &fmr
	}
	if cmd.Flags().Changed("ids") {
		q.Filters.IDs = personIDs(cmd)
	}
	return withApp(cmd, func(a *app) error {
		org, err := a.orgOf(cmd)
		if err != nil {
			return err
		}
		found, err := a.registry.Identify(cmd.Context(), admin(org.ID), photo, q)
		if err != nil {
			return err
		}
		return printIdentified(cmd, found)
	})
}

func personIDs(cmd *cobra.Command) []idem.PersonID {
	texts, _ := cmd.Flags().GetStringSlice("ids")
	ids := make([]idem.PersonID, len(texts))
	for i, text := range texts {
		ids[i] = idem.PersonID(text)
	}
	return ids
}

func printIdentified(cmd *cobra.Command, found registry.Identification) error {
	out := identified{found.Face.Code, found.Compared, found.Threshold, found.FMR, found.ExpectedFalse, []identMatch{}}
	for _, c := range found.Candidates {
		out.Candidates = append(out.Candidates, identMatch{string(c.Person), c.Score, c.FMR})
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), out)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "face %s, compared with %d references at threshold %.3f (FMR %.0e)\n", out.FaceCode, out.Compared, out.Threshold, out.FMR)
	for _, c := range out.Candidates {
		fmt.Fprintf(cmd.OutOrStdout(), "%s  score %.4f  FMR %.1e\n", c.Person, c.Score, c.FMR)
	}
	if len(out.Candidates) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "nobody known")
	}
	return nil
}
