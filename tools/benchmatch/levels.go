package main

import (
	"fmt"
	"io"
	"os"

	"github.com/idem-id/idem/match"
)

// newGalleries returns an empty gallery for each kernel that this machine lets
// run, the best one first, or for the best one alone.
func newGalleries(d int, all bool) ([]*match.Gallery, error) {
	defer os.Setenv(match.LevelVariable, os.Getenv(match.LevelVariable))
	var made []*match.Gallery
	for _, level := range match.Levels() {
		if level.Refused != nil || !all && !level.Chosen {
			continue
		}
		if err := os.Setenv(match.LevelVariable, level.Kernel); err != nil {
			return nil, fmt.Errorf("choose a kernel: %w", err)
		}
		g, err := match.NewGallery(model, d)
		if err != nil {
			return nil, err
		}
		made = append(made, g)
	}
	return made, nil
}

// slow says of a kernel that it is measured with fewer probes and no batches:
// the portable one takes ten times as long as the others.
func slow(g *match.Gallery) bool { return g.Kernel() == "go" }

// describeLevels prints which kernels there are and which one is refused.
func describeLevels(out io.Writer) {
	fmt.Fprint(out, "kernels:")
	for _, level := range match.Levels() {
		fmt.Fprint(out, " ", level.Kernel)
		if level.Refused != nil {
			fmt.Fprintf(out, " (refused: %v)", level.Refused)
		}
	}
	fmt.Fprintln(out)
}
