package eval

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/idem-id/idem/internal/face"
)

// pair is one comparison of two files.
type pair struct {
	a, b  int // indices into files
	same  bool
	score float64
}

// Verification is the result of 1:1 comparisons.
type Verification struct {
	Model       string      `json:"model"`
	Compared    string      `json:"compared"` // "8-bit templates" or "float vectors"
	Pictures    int         `json:"pictures"`
	FTE         Rate        `json:"failure_to_enrol"`
	Genuine     int         `json:"genuine"`
	Impostor    int         `json:"impostor"`
	EER         float64     `json:"eer"`
	EERAt       float64     `json:"eer_threshold"`
	AtFMR       []Operating `json:"at_fmr"`
	AtThreshold []Fixed     `json:"at_calibrated_threshold"`

	files []string
	pairs []pair
	curve Curve
}

// Operating is the true accept rate where the measured FMR reaches a target.
type Operating struct {
	FMR       float64  `json:"fmr"`
	Threshold float64  `json:"threshold"`
	TAR       Rate     `json:"tar"`
	ByPerson  Interval `json:"tar_ci95_by_identity"`
}

// Fixed is what the thresholds of the model's calibration give here.
type Fixed struct {
	Promised  float64 `json:"promised_fmr"`
	Threshold float64 `json:"threshold"`
	FMR       Rate    `json:"fmr"`
	FNMR      Rate    `json:"fnmr"`
}

// Pairs compares the pairs of a CSV file with columns a, b, same (files below
// dir; same is 1 or 0).
func Pairs(ctx context.Context, e face.Engine, dir, csvFile string, o Options) (*Verification, error) {
	rows, err := table(csvFile, "a", "b", "same")
	if err != nil {
		return nil, err
	}
	v := &Verification{}
	index := map[string]int{}
	for _, r := range rows {
		v.pairs = append(v.pairs, pair{a: v.add(index, r[0]), b: v.add(index, r[1]), same: r[2] == "1"})
	}
	return v, v.measure(ctx, e, dir, o)
}

// Tree compares every picture below dir with every other; the folder that a
// picture lies in is its identity.
func Tree(ctx context.Context, e face.Engine, dir string, o Options) (*Verification, error) {
	files, err := pictures(dir)
	if err != nil {
		return nil, err
	}
	v := &Verification{files: files}
	for a := range v.files {
		for b := range a {
			v.pairs = append(v.pairs, pair{a: b, b: a, same: path.Dir(v.files[a]) == path.Dir(v.files[b])})
		}
	}
	return v, v.measure(ctx, e, dir, o)
}

// pictures lists the files below dir that are named like pictures, as paths
// relative to it.
func pictures(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && picturesName(p) {
			rel, _ := filepath.Rel(dir, p)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list pictures: %w", err)
	}
	return files, nil
}

func picturesName(p string) bool {
	return slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp", ".pgm"}, filepath.Ext(p))
}

func (v *Verification) add(index map[string]int, file string) int {
	i, ok := index[file]
	if !ok {
		i = len(v.files)
		index[file] = i
		v.files = append(v.files, file)
	}
	return i
}

func (v *Verification) measure(ctx context.Context, e face.Engine, dir string, o Options) error {
	samples, err := o.enrol(ctx, e, dir, v.files, face.WantTemplate)
	if err != nil {
		return err
	}
	misses := 0
	for _, s := range samples {
		if !s.enrolled() {
			misses++
		}
	}
	v.Model, v.Compared = e.Model().ID, o.compared()
	v.Pictures, v.FTE = len(samples), rate(misses, len(samples))
	for i := range v.pairs {
		p := &v.pairs[i]
		if p.score, err = o.score(samples[p.a], samples[p.b]); err != nil {
			return fmt.Errorf("compare %s with %s: %w", v.files[p.a], v.files[p.b], err)
		}
	}
	return v.summarise(e.Model().Calibration)
}

func (o Options) compared() string {
	if o.Float {
		return "float vectors"
	}
	return "8-bit templates"
}

func (v *Verification) summarise(c face.Calibration) error {
	var genuine, impostor []float64
	for _, p := range v.pairs {
		if p.same {
			genuine = append(genuine, p.score)
		} else {
			impostor = append(impostor, p.score)
		}
	}
	v.Genuine, v.Impostor = len(genuine), len(impostor)
	if v.Genuine == 0 || v.Impostor == 0 {
		return fmt.Errorf("an evaluation needs pairs of the same person and of different ones, has %d and %d", v.Genuine, v.Impostor)
	}
	slices.Sort(genuine)
	slices.Sort(impostor)
	v.EER, v.EERAt = equalError(genuine, impostor)
	for _, fmr := range []float64{1e-2, 1e-3, 1e-4, 1e-5} {
		if t, ok := thresholdAt(impostor, fmr); ok {
			v.AtFMR = append(v.AtFMR, Operating{fmr, t, rate(atLeast(genuine, t), len(genuine)), v.byPerson(t)})
		}
	}
	for _, a := range c.Anchors {
		v.AtThreshold = append(v.AtThreshold, Fixed{a.FMR, a.Score, rate(atLeast(impostor, a.Score), len(impostor)), rate(len(genuine)-atLeast(genuine, a.Score), len(genuine))})
	}
	v.curve = detCurve("false match rate", "false non-match rate", genuine, impostor)
	return nil
}

// byPerson groups genuine pairs by the folder of their first file.
func (v *Verification) byPerson(t float64) Interval {
	groups, index := []group{}, map[string]int{}
	for _, p := range v.pairs {
		if !p.same {
			continue
		}
		person := path.Dir(v.files[p.a])
		i, ok := index[person]
		if !ok {
			i = len(groups)
			index[person] = i
			groups = append(groups, group{})
		}
		groups[i].n++
		if p.score >= t {
			groups[i].hits++
		}
	}
	return bootstrap(groups)
}

// Curve returns the detection error trade-off.
func (v *Verification) Curve() Curve { return v.curve }

// Text writes the report for people.
func (v *Verification) Text(w io.Writer) error {
	p := printer{w: w}
	p.line("Verification with %s, %s", v.Model, v.Compared)
	p.line("%d pictures, failure to enrol %s", v.Pictures, v.FTE)
	p.line("%d genuine and %d impostor comparisons; failures count as no match", v.Genuine, v.Impostor)
	p.line("EER %s at %.3f", percent(v.EER), v.EERAt)
	p.line("\nFMR      threshold  TAR (95 %% Wilson)                     95 %% by identity")
	for _, o := range v.AtFMR {
		p.line("%-8g %.3f      %-38s %s", o.FMR, o.Threshold, o.TAR, o.ByPerson)
	}
	p.line("\nThresholds of the model's calibration:\nFMR      threshold  FMR here                               FNMR here")
	for _, f := range v.AtThreshold {
		p.line("%-8g %.3f      %-38s %s", f.Promised, f.Threshold, f.FMR, f.FNMR)
	}
	return p.err
}

// Scores writes a CSV of all comparisons: a, b, same, score; the score of a
// failure is empty.
func (v *Verification) Scores(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"a", "b", "same", "score"}) // errors are kept for Error
	for _, p := range v.pairs {
		same := "0"
		if p.same {
			same = "1"
		}
		_ = out.Write([]string{v.files[p.a], v.files[p.b], same, scoreText(p.score)})
	}
	out.Flush()
	return out.Error()
}

func scoreText(s float64) string {
	if s == failed || math.IsInf(s, 0) {
		return ""
	}
	return strconv.FormatFloat(s, 'f', 6, 64)
}
