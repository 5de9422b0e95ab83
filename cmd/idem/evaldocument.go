package main

import (
	"context"
	"image"

	"github.com/idem-id/idem/internal/eval"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/spf13/cobra"
)

func evalDocumentCommand() *cobra.Command {
	var zoneOnly bool
	cmd := addJSON(&cobra.Command{Use: "document FOLDER", Args: cobra.ExactArgs(1), Short: "Documents: a folder of specimens with its manifest, as idem specimen writes it",
		RunE: func(cmd *cobra.Command, args []string) error { return evaluateDocuments(cmd, args[0], zoneOnly) }})
	cmd.Flags().BoolVar(&zoneOnly, "zone-only", false, "read the machine readable zone alone, without visual zone and portrait")
	return cmd
}

func evaluateDocuments(cmd *cobra.Command, folder string, zoneOnly bool) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	text, faces := ocr.Open(c.Models, ocr.Options{Workers: c.Workers}), ort.Open(c.Models, ort.Options{Workers: c.Workers})
	defer func() { _, _ = text.Close(), faces.Close() }()
	reader := document.New(text, faces, document.Options{Specimen: true, ZoneOnly: zoneOnly, Cyrillic: cyrillicReader()})
	var bar *progress
	report, err := eval.Documents(cmd.Context(), readingBy(reader), folder, eval.Options{Progress: func(done, total int) {
		if bar == nil {
			bar = newProgress(int64(total), "pictures")
		}
		bar.set(int64(done))
	}})
	if bar != nil {
		bar.finish()
	}
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), report)
	}
	return report.Text(cmd.OutOrStdout())
}

// readingBy turns the technology's result into what the evaluation compares.
func readingBy(t *document.Technology) eval.DocumentReader {
	return func(ctx context.Context, pages ...image.Image) (eval.DocumentReading, error) {
		outcome, err := t.Run(ctx, tech.Evidence{Pages: pages})
		if err != nil {
			return eval.DocumentReading{}, err
		}
		result := outcome.Details.(*document.Result)
		reading := eval.DocumentReading{Fields: map[string]string{}, Visual: map[string]string{}}
		if z := result.Zone; z != nil {
			reading.Lines, reading.Valid = z.Lines(), z.Valid()
		}
		for _, f := range result.Fields {
			reading.Fields[string(f.Name)] = f.Value
			for _, r := range append([]document.Reading{f.Reading}, f.Others...) {
				if r.Source == document.FromVisual {
					reading.Visual[string(f.Name)] = r.Value
				}
			}
		}
		return reading, nil
	}
}
