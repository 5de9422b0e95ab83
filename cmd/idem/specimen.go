package main

import (
	"fmt"
	"image"
	"os"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/spf13/cobra"
)

func specimenCommand() *cobra.Command {
	var b specimen.Batch
	var fonts, portrait string
	var kinds []string
	cmd := &cobra.Command{Use: "specimen FOLDER", Args: cobra.ExactArgs(1), Short: "Draw documents of the fictional state of Utopia and photograph them, with a manifest of what is true",
		RunE: func(cmd *cobra.Command, args []string) error {
			if b.Count < 1 || b.Count > 1000 {
				return idem.Errorf(idem.Invalid, "SPECIMEN_COUNT", "--count is 1 to 1000")
			}
			for _, k := range kinds {
				b.Kinds = append(b.Kinds, specimen.Kind(k))
			}
			return specimens(cmd, args[0], fonts, portrait, b)
		}}
	cmd.Flags().Uint64Var(&b.Seed, "seed", 1, "the same seed gives the same photographs")
	cmd.Flags().IntVar(&b.Count, "count", 4, "photographs of each kind (passport, card, larger card) at each level")
	cmd.Flags().StringSliceVar(&b.Levels, "level", nil, "levels L0 (flat, clean) to L4 (worst); all when not given")
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "TD3, TD1, TD2, or TD1-kk: a card with Kazakh and Russian labels and Cyrillic names; the first three when not given")
	cmd.Flags().StringVar(&portrait, "portrait", "", "picture to print as the portrait instead of a drawn face")
	cmd.Flags().StringVar(&fonts, "fonts", specimen.FontFolder, "folder with the fonts of fonts-ocr-b and fonts-dejavu-core")
	return cmd
}

func specimens(cmd *cobra.Command, folder, fonts, portrait string, b specimen.Batch) error {
	f, err := specimen.LoadFonts(fonts)
	if err != nil {
		return err
	}
	if portrait != "" {
		if b.Portrait, err = readPortrait(cmd, portrait); err != nil {
			return err
		}
	}
	bar := newProgress(int64(b.Total()), "specimens")
	b.Progress = func(done int) { bar.set(int64(done)) }
	err = specimen.Write(cmd.Context(), f, folder, b)
	bar.finish()
	if err == nil {
		fmt.Fprintln(os.Stderr, "wrote specimens to", folder)
	}
	return err
}

func readPortrait(cmd *cobra.Command, file string) (image.Image, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the portrait: %w", err)
	}
	p, err := picture.Decode(cmd.Context(), data, picture.DefaultLimits())
	return p.Image, err
}
