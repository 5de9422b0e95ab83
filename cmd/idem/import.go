package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/importer"
	"github.com/idem-id/idem/internal/registry"
	"github.com/spf13/cobra"
)

func importCommand() *cobra.Command {
	cmd := addJSON(addOrg(&cobra.Command{
		Use:   "import FOLDER|LIST.csv",
		Short: "Enrol many people; start it again to go on after an interruption",
		Long: "Enrols one person per photo. In a folder a photo's name without its ending is the person's alias; a CSV list has the\n" +
			"columns file (required), photo_type, verified, phone, personal_number, document_number, custom. People whose alias is\n" +
			"known are left alone, so an interrupted import is simply started again.",
		Args: cobra.ExactArgs(1), RunE: runImport}))
	cmd.Flags().String("alias-type", "CUSTOM", "what a photo's name in a folder is")
	cmd.Flags().String("report", "", "write one JSON line per item to this file")
	return cmd
}

func runImport(cmd *cobra.Command, args []string) error {
	items, err := readItems(cmd, args[0])
	if err != nil {
		return err
	}
	return withApp(cmd, func(a *app) error {
		org, err := a.orgOf(cmd)
		if err != nil {
			return err
		}
		lines, done, err := openReport(cmd)
		if err != nil {
			return err
		}
		defer done()
		tally := importTally{lines: json.NewEncoder(lines), counts: map[importer.Outcome]int{}}
		bar := newProgress(int64(len(items)), "import")
		err = importer.Run(cmd.Context(), intake{a.registry, admin(org.ID)}, items, a.config.Workers, func(r importer.Result) {
			bar.step()
			tally.add(r)
		})
		bar.finish()
		tally.print(cmd)
		return err
	})
}

func readItems(cmd *cobra.Command, source string) ([]importer.Item, error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return importer.ReadCSV(source)
	}
	text, _ := cmd.Flags().GetString("alias-type")
	kind, err := idem.ParseAliasType(text)
	if err != nil {
		return nil, err
	}
	return importer.ReadFolder(source, kind)
}

func openReport(cmd *cobra.Command) (io.Writer, func(), error) {
	path, _ := cmd.Flags().GetString("report")
	if path == "" {
		return io.Discard, func() {}, nil
	}
	f, err := os.Create(path)
	return f, func() { _ = f.Close() }, err
}

// importTally counts outcomes and remembers what an operator should look at.
type importTally struct {
	lines  *json.Encoder
	counts map[importer.Outcome]int
	notes  []importer.Result
}

func (t *importTally) add(r importer.Result) {
	t.counts[r.Outcome]++
	_ = t.lines.Encode(r)
	if r.Outcome != importer.Created && r.Outcome != importer.Present {
		t.notes = append(t.notes, r)
	}
}

func (t *importTally) print(cmd *cobra.Command) {
	if wantsJSON(cmd) {
		_ = printJSON(cmd.OutOrStdout(), map[string]any{"counts": t.counts, "notes": t.notes})
		return
	}
	for _, n := range t.notes {
		fmt.Fprintf(cmd.OutOrStdout(), "%-9s %s %s\n", n.Outcome, n.File, n.Code)
		for _, s := range n.Similar {
			fmt.Fprintf(cmd.OutOrStdout(), "          resembles %s, score %.3f (FMR %.0e)\n", s.Person, s.Score, s.FMR)
		}
	}
	for _, o := range []importer.Outcome{importer.Created, importer.Flagged, importer.Present, importer.Duplicate, importer.Failed} {
		fmt.Fprintf(cmd.OutOrStdout(), "%d %s  ", t.counts[o], o)
	}
	fmt.Fprintln(cmd.OutOrStdout())
}

// intake lets the importer reach the registry of one organisation.
type intake struct {
	registry  *registry.Registry
	principal idem.Principal
}

func (in intake) Owners(ctx context.Context, aliases []importer.Alias) ([]idem.PersonID, error) {
	return in.registry.Search(ctx, in.principal, inputs(aliases))
}

func (in intake) Enrol(ctx context.Context, item importer.Item, photo []byte) (idem.PersonID, []importer.Similar, error) {
	view, similar, err := in.registry.Create(ctx, in.principal, registry.NewPerson{
		Photo: &registry.Upload{Image: photo, Type: item.Type}, Verified: item.Verified, Aliases: inputs(item.Aliases)})
	out := make([]importer.Similar, 0, len(similar))
	for _, s := range similar {
		out = append(out, importer.Similar{Person: string(s.Person), Score: s.Score, FMR: s.FMR})
	}
	return view.Person.ID, out, err
}

func inputs(aliases []importer.Alias) []registry.AliasInput {
	out := make([]registry.AliasInput, 0, len(aliases))
	for _, a := range aliases {
		out = append(out, registry.AliasInput{Type: a.Type, Value: a.Value})
	}
	return out
}
