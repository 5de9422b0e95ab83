package eval

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/idem-id/idem/internal/face"
)

// presented is one presentation; live is failed without a face.
type presented struct {
	file, attack string
	bonaFide     bool
	live         float64
}

// AttackDetection is the result of presentation attack detection. A picture
// without a face is a non-response: it counts as rejected in both rates and is
// listed besides.
type AttackDetection struct {
	Pictures    int        `json:"pictures"`
	BonaFide    int        `json:"bona_fide"`
	Attacks     int        `json:"attacks"`
	NonResponse Rate       `json:"non_response"`
	Threshold   float64    `json:"threshold"` // of the model's calibration
	EER         float64    `json:"d_eer"`
	AtThreshold []PADPoint `json:"at_threshold"`
	// Videos is the decision over several frames; nil without groups.
	Videos *VideoDetection `json:"videos,omitempty"`

	all   []presented
	curve Curve
}

// PADPoint holds the errors at one threshold. APCER is that of the worst
// attack type (ISO/IEC 30107-3, 13.2), ByType has all of them.
type PADPoint struct {
	Threshold float64         `json:"threshold"`
	APCER     Rate            `json:"apcer"`
	ByType    map[string]Rate `json:"apcer_by_attack"`
	BPCER     Rate            `json:"bpcer"`
	ACER      float64         `json:"acer"` // mean of APCER and BPCER
}

// PAD judges the pictures of a CSV file with columns file, label (live or
// attack), attack (its type). With a column group, which names the video that a
// frame is of, it judges the videos besides.
func PAD(ctx context.Context, e face.Engine, dir, csvFile string, o Options) (*AttackDetection, error) {
	columns, want := []string{"file", "label", "attack"}, face.WantPAD
	grouped, err := hasColumn(csvFile, "group")
	if err != nil {
		return nil, err
	}
	if grouped {
		columns, want = append(columns, "group"), face.Everything
	}
	rows, err := table(csvFile, columns...)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, r := range rows {
		files = append(files, r[0])
	}
	samples, err := o.enrol(ctx, e, dir, files, want)
	if err != nil {
		return nil, err
	}
	a := &AttackDetection{Pictures: len(rows), Threshold: e.Model().Calibration.Live}
	silent := 0
	for i, r := range rows {
		if r[1] != "live" && r[1] != "attack" {
			return nil, fmt.Errorf("%s: label %q is neither live nor attack", r[0], r[1])
		}
		p := presented{file: r[0], attack: r[2], bonaFide: r[1] == "live", live: failed}
		if samples[i].pad != nil {
			p.live = samples[i].pad.Live
		} else {
			silent++
		}
		a.all = append(a.all, p)
	}
	a.NonResponse = rate(silent, len(rows))
	if grouped {
		if a.Videos, err = videos(rows, a.all, samples, a.Threshold); err != nil {
			return nil, err
		}
	}
	return a, a.summarise()
}

func (a *AttackDetection) summarise() error {
	var live, attacks []float64
	for _, p := range a.all {
		if p.bonaFide {
			live = append(live, p.live)
		} else {
			attacks = append(attacks, p.live)
		}
	}
	a.BonaFide, a.Attacks = len(live), len(attacks)
	if a.BonaFide == 0 || a.Attacks == 0 {
		return fmt.Errorf("an evaluation needs live pictures and attacks, has %d and %d", a.BonaFide, a.Attacks)
	}
	slices.Sort(live)
	slices.Sort(attacks)
	a.EER, _ = equalError(live, attacks)
	thresholds := []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, a.Threshold}
	slices.Sort(thresholds)
	for _, t := range slices.Compact(thresholds) {
		a.AtThreshold = append(a.AtThreshold, a.point(t))
	}
	a.curve = detCurve("APCER", "BPCER", live, attacks)
	return nil
}

func (a *AttackDetection) point(t float64) PADPoint { return pointOf(a.all, t) }

func pointOf(all []presented, t float64) PADPoint {
	groups := map[string]group{}
	bona := group{}
	for _, p := range all {
		accepted := p.live >= t
		if p.bonaFide {
			bona.n++
			if !accepted {
				bona.hits++
			}
			continue
		}
		g := groups[p.attack]
		g.n++
		if accepted {
			g.hits++
		}
		groups[p.attack] = g
	}
	point := PADPoint{Threshold: t, ByType: map[string]Rate{}, BPCER: rate(bona.hits, bona.n)}
	for kind, g := range groups {
		r := rate(g.hits, g.n)
		point.ByType[kind] = r
		if point.APCER.N == 0 || r.Share > point.APCER.Share {
			point.APCER = r
		}
	}
	point.ACER = (point.APCER.Share + point.BPCER.Share) / 2
	return point
}

// Curve returns APCER over all attacks against BPCER.
func (a *AttackDetection) Curve() Curve { return a.curve }

// Text writes the report for people.
func (a *AttackDetection) Text(w io.Writer) error {
	p := printer{w: w}
	p.line("Presentation attack detection, passive, one frame")
	p.line("%d bona fide presentations, %d attacks, non-response %s", a.BonaFide, a.Attacks, a.NonResponse)
	p.line("D-EER %s", percent(a.EER))
	p.line("\nthreshold  APCER of the worst type (95 %% Wilson)  BPCER")
	for _, t := range a.AtThreshold {
		p.line("%-10.2f %-39s %s", t.Threshold, t.APCER, t.BPCER)
	}
	p.line("\nAPCER by attack at %.2f:", a.Threshold)
	types := a.point(a.Threshold).ByType
	for _, kind := range slices.Sorted(maps.Keys(types)) {
		p.line("  %-12s %s", kind, types[kind])
	}
	if a.Videos != nil {
		a.Videos.text(&p, a.point(a.Threshold))
	}
	return p.err
}

// Scores writes a CSV of all presentations: file, label, attack, live.
func (a *AttackDetection) Scores(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"file", "label", "attack", "live"}) // errors are kept for Error
	for _, p := range a.all {
		label := "attack"
		if p.bonaFide {
			label = "live"
		}
		_ = out.Write([]string{p.file, label, p.attack, scoreText(p.live)})
	}
	out.Flush()
	return out.Error()
}
