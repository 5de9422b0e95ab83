package eval

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/idem-id/idem/internal/face"
)

// probe is one search of the gallery.
type probe struct {
	file, identity string
	mated          bool
	top            string  // identity of the best candidate
	best           float64 // its score
	mate           float64 // best score of the own identity
}

// Identification is the result of 1:N searches in a closed list.
type Identification struct {
	Model    string      `json:"model"`
	Compared string      `json:"compared"`
	Pictures int         `json:"pictures"`
	FTE      Rate        `json:"failure_to_enrol"`
	Gallery  int         `json:"gallery"` // enrolled references
	Rank1    Rate        `json:"rank_1"`
	AtFPIR   []Searching `json:"at_fpir"`

	probes []probe
	curve  Curve
}

// Searching is the miss rate where the measured FPIR reaches a target: a mated
// probe is missed unless its mate is the best candidate at or above Threshold.
type Searching struct {
	FPIR      float64 `json:"fpir"`
	Threshold float64 `json:"threshold"`
	FNIR      Rate    `json:"fnir"`
}

// Identify searches as a CSV file says: columns role (gallery, mated,
// nonmated), identity, file (below dir, or below the identity's folder).
func Identify(ctx context.Context, e face.Engine, dir, csvFile string, o Options) (*Identification, error) {
	rows, err := table(csvFile, "role", "identity", "file")
	if err != nil {
		return nil, err
	}
	files := make([]string, len(rows))
	for i, r := range rows {
		files[i] = placed(dir, r[1], r[2])
	}
	samples, err := o.enrol(ctx, e, dir, files, face.WantTemplate)
	if err != nil {
		return nil, err
	}
	n := &Identification{Model: e.Model().ID, Compared: o.compared(), Pictures: len(rows)}
	var gallery []int
	misses := 0
	for i, r := range rows {
		if !samples[i].enrolled() {
			misses++
		} else if r[0] == "gallery" {
			gallery = append(gallery, i)
		}
	}
	n.FTE, n.Gallery = rate(misses, len(rows)), len(gallery)
	for i, r := range rows {
		if r[0] != "mated" && r[0] != "nonmated" {
			continue
		}
		p := probe{file: files[i], identity: r[1], mated: r[0] == "mated", best: failed, mate: failed}
		if err := p.search(o, samples, gallery, rows, i); err != nil {
			return nil, err
		}
		n.probes = append(n.probes, p)
	}
	return n, n.summarise()
}

func placed(dir, identity, file string) string {
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(file))); err == nil {
		return file
	}
	return path.Join(identity, file)
}

func (p *probe) search(o Options, samples []sample, gallery []int, rows [][]string, i int) error {
	for _, g := range gallery {
		s, err := o.score(samples[i], samples[g])
		if err != nil {
			return fmt.Errorf("search %s: %w", p.file, err)
		}
		if s > p.best {
			p.best, p.top = s, rows[g][1]
		}
		if rows[g][1] == p.identity {
			p.mate = max(p.mate, s)
		}
	}
	return nil
}

// found is the score at which the probe is identified rightly; failed if its
// mate is not the best candidate.
func (p probe) found() float64 {
	if p.top == p.identity {
		return p.mate
	}
	return failed
}

func (n *Identification) summarise() error {
	var mated, other []float64
	right := 0
	for _, p := range n.probes {
		if !p.mated {
			other = append(other, p.best)
			continue
		}
		mated = append(mated, p.found())
		if p.found() != failed {
			right++
		}
	}
	if len(mated) == 0 || len(other) == 0 {
		return fmt.Errorf("an evaluation needs mated and nonmated probes, has %d and %d", len(mated), len(other))
	}
	slices.Sort(mated)
	slices.Sort(other)
	n.Rank1 = rate(right, len(mated))
	for _, fpir := range []float64{1e-1, 1e-2, 1e-3} {
		if t, ok := thresholdAt(other, fpir); ok {
			n.AtFPIR = append(n.AtFPIR, Searching{fpir, t, rate(len(mated)-atLeast(mated, t), len(mated))})
		}
	}
	n.curve = detCurve("false positive identification rate", "false negative identification rate", mated, other)
	return nil
}

// Curve returns FPIR against FNIR.
func (n *Identification) Curve() Curve { return n.curve }

// Text writes the report for people.
func (n *Identification) Text(w io.Writer) error {
	p := printer{w: w}
	p.line("Identification with %s, %s", n.Model, n.Compared)
	p.line("%d pictures, failure to enrol %s", n.Pictures, n.FTE)
	p.line("gallery of %d references, %d probes", n.Gallery, len(n.probes))
	p.line("rank-1 %s", n.Rank1)
	p.line("\nFPIR     threshold  FNIR (rank 1, 95 %% Wilson)")
	for _, s := range n.AtFPIR {
		p.line("%-8g %.3f      %s", s.FPIR, s.Threshold, s.FNIR)
	}
	return p.err
}

// Scores writes a CSV of all searches: file, identity, mated, top, best, mate.
func (n *Identification) Scores(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"file", "identity", "mated", "top", "best", "mate"}) // errors are kept for Error
	for _, p := range n.probes {
		_ = out.Write([]string{p.file, p.identity, fmt.Sprint(p.mated), p.top, scoreText(p.best), scoreText(p.mate)})
	}
	out.Flush()
	return out.Error()
}
