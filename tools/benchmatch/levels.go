package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/idem-id/idem/match"
)

// levelVariable names the kernel of the galleries that package match makes.
const levelVariable = "IDEM_MATCH"

// levels are the kernels of all machines. A gallery that has been promised one
// which the machine lacks says that it uses another.
var levels = []string{"amx", "avx512", "avx2", "neondot", "neon", "go"}

// newGalleries returns an empty gallery for each kernel of this machine, the
// best one first, or for the best one alone.
func newGalleries(d int, all bool) ([]*match.Gallery, error) {
	defer os.Setenv(levelVariable, os.Getenv(levelVariable))
	wanted, names := []string{os.Getenv(levelVariable)}, []string(nil)
	if all {
		wanted = append(wanted, levels...)
	}
	var made []*match.Gallery
	for _, name := range wanted {
		if err := os.Setenv(levelVariable, name); err != nil {
			return nil, fmt.Errorf("choose a kernel: %w", err)
		}
		g, err := match.NewGallery(model, d)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(names, g.Kernel()) {
			made, names = append(made, g), append(names, g.Kernel())
		}
	}
	return made, nil
}

// slow says of a kernel that it is measured with fewer probes and no batches:
// the portable one takes ten times as long as the others.
func slow(g *match.Gallery) bool { return g.Kernel() == "go" }
