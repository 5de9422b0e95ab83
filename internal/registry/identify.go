package registry

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
)

// Bounds of an identification: its K, and the persons that it names.
const (
	maxCandidates = 100
	maxAmong      = 10_000
)

// IdentifyQuery narrows an identification. K is 1..100, 0 for 10. Of MinScore
// (cosine, -1..1) and FMR (per comparison, 1e-6..1e-2) at most one is given;
// without both the threshold is that of the organisation's DuplicateFMR.
type IdentifyQuery struct {
	K        int
	MinScore *float64
	FMR      *float64
	Filters  IdentifyFilters
}

// IdentifyFilters admit only some persons as candidates; zero fields admit all.
// IDs, unless nil, names at most 10,000 persons, and only their references are
// compared; ids of nobody are no candidates.
type IdentifyFilters struct {
	Verified *bool
	IDs      []idem.PersonID
}

// Face is what an edge may tell of an analysed picture. Code is that of the
// face engine; all else is zero without a face.
type Face struct {
	Code           string
	Faces          int
	Box            face.Box
	DetectionScore float64 // 0..1
	Quality        float64 // 0..100
	Issues         []string
}

// Candidate is a person whose face resembles the probe: the best of its photos.
type Candidate struct {
	Person idem.PersonID
	Photo  idem.PhotoID
	Score  float64 // cosine, -1..1
	FMR    float64 // of a threshold at Score
}

// Identification answers a 1:N search. Candidates are one per person, best
// first. ExpectedFalse is how many references of strangers reach the threshold
// in a gallery of this size: Compared x FMR. Without a usable face nothing was
// compared.
type Identification struct {
	Candidates    []Candidate
	Threshold     float64
	FMR           float64
	Compared      int
	Position      idem.Seq // of the gallery log, that the answer is complete for
	ExpectedFalse float64
	Face          Face
}

// Identify compares the face in a picture with the photos of all live persons.
func (r *Registry) Identify(ctx context.Context, p idem.Principal, image []byte, q IdentifyQuery) (Identification, error) {
	if err := p.Require(idem.FacesIdentify); err != nil {
		return Identification{}, err
	}
	out, err := r.identifyThreshold(ctx, p, q)
	if err != nil {
		return Identification{}, err
	}
	probe, err := r.probe(ctx, image)
	if err != nil {
		return Identification{}, ofPhoto(err)
	}
	out.Face = probe.face
	if !probe.usable {
		return out, nil
	}
	k := q.K
	if k == 0 {
		k = 10
	}
	err = r.identify(ctx, p.Org, probe, k, q.Filters, &out)
	return out, err
}

// maxMatches bounds the persons among whom a filter chooses.
const maxMatches = 8192

// errTooMany is the refusal of a filter that would have to look at more.
var errTooMany = idem.Errorf(idem.Unprocessable, "CANDIDATES_TOO_MANY",
	"more than %d persons reach the score, and too few of the best pass the filter: ask for a higher score", maxMatches).At("min_score")

// identify searches for k persons, and for more and more of them while the
// filters turn too many away.
func (r *Registry) identify(ctx context.Context, org idem.OrgID, probe probed, k int, f IdentifyFilters, out *Identification) error {
	for wide := k; ; wide = min(8*wide, maxMatches) {
		answer, err := r.gallery.Identify(ctx, org, probe.template, candidates(out.Threshold, wide, f))
		if err != nil {
			return fmt.Errorf("search gallery: %w", err)
		}
		out.Compared, out.Position = answer.Compared, answer.At
		out.ExpectedFalse = float64(answer.Compared) * out.FMR
		out.Candidates, err = r.admissible(ctx, org, answer.Matches, f, k)
		if err != nil || len(out.Candidates) == k || len(answer.Matches) < wide {
			return err
		}
		if wide == maxMatches {
			return errTooMany
		}
	}
}

// candidates asks for k persons.
func candidates(floor float64, k int, f IdentifyFilters) gallery.Query {
	q := gallery.Query{Sets: []idem.Set{idem.SetPhoto}, Floor: floor, K: k}
	if f.IDs != nil {
		q.Subjects = make([]string, len(f.IDs))
		for i, id := range f.IDs {
			q.Subjects[i] = string(id)
		}
	}
	return q
}

func (r *Registry) identifyThreshold(ctx context.Context, p idem.Principal, q IdentifyQuery) (Identification, error) {
	switch {
	case q.K < 0 || q.K > maxCandidates:
		return Identification{}, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "k is 1 to %d", maxCandidates).At("k")
	case len(q.Filters.IDs) > maxAmong:
		return Identification{}, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "at most %d persons", maxAmong).At("ids")
	case q.MinScore != nil && q.FMR != nil:
		return Identification{}, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "give min_score or fmr, not both").At("fmr")
	case q.MinScore != nil && !(*q.MinScore >= -1 && *q.MinScore <= 1):
		return Identification{}, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "min_score is -1 to 1").At("min_score")
	}
	if err := r.engine.Ready(); err != nil {
		return Identification{}, err
	}
	c := r.engine.Model().Calibration
	if q.MinScore != nil {
		return Identification{Threshold: *q.MinScore, FMR: c.FMR(*q.MinScore)}, nil
	}
	fmr, err := r.rateOr(ctx, p.Org, q.FMR, func(s idem.Settings) float64 { return s.DuplicateFMR })
	if err != nil {
		return Identification{}, err
	}
	threshold, err := c.Threshold(fmr)
	return Identification{Threshold: threshold, FMR: fmr}, at(err, "fmr")
}

// rateOr returns the rate asked for, or the one of the settings.
func (r *Registry) rateOr(ctx context.Context, org idem.OrgID, asked *float64, of func(idem.Settings) float64) (fmr float64, err error) {
	if asked != nil {
		return *asked, nil
	}
	err = r.store.View(ctx, org, func(tx store.Tx) error {
		s, err := r.settings(ctx, tx)
		fmr = of(s)
		return err
	})
	return fmr, err
}

// probed is a picture that is compared and not stored.
type probed struct {
	findings
	face Face
}

func (r *Registry) probe(ctx context.Context, image []byte) (probed, error) {
	pic, err := r.pictures.Decode(ctx, image)
	if err != nil {
		return probed{}, fmt.Errorf("decode image: %w", err)
	}
	a, err := r.engine.Analyse(ctx, pic.Image, face.WantTemplate)
	if err != nil {
		return probed{}, fmt.Errorf("analyse image: %w", err)
	}
	return probed{findingsOf(a), faceOf(a)}, nil
}

func faceOf(a face.Analysis) Face {
	out := Face{Code: string(a.Code), Faces: a.Faces}
	if a.Primary == nil {
		return out
	}
	out.Box, out.DetectionScore, out.Quality = a.Primary.Box, a.Primary.DetectionScore, a.Primary.Quality.Score
	for _, issue := range a.Primary.Quality.Issues {
		out.Issues = append(out.Issues, string(issue))
	}
	return out
}

// admissible keeps the matches of persons that are live and pass the filters,
// at most k.
func (r *Registry) admissible(ctx context.Context, org idem.OrgID, matches []gallery.Match, f IdentifyFilters, k int) ([]Candidate, error) {
	c := r.engine.Model().Calibration
	var out []Candidate
	err := r.store.View(ctx, org, func(tx store.Tx) error {
		out = out[:0]
		for _, m := range matches {
			if len(out) == k {
				return nil
			}
			ok, err := admitted(ctx, tx, idem.PersonID(m.Subject), f)
			if err != nil {
				return err
			}
			if ok {
				out = append(out, Candidate{Person: idem.PersonID(m.Subject), Photo: idem.PhotoID(m.Sample), Score: m.Score, FMR: c.FMR(m.Score)})
			}
		}
		return nil
	})
	return out, err
}

func admitted(ctx context.Context, tx store.Tx, id idem.PersonID, f IdentifyFilters) (bool, error) {
	who, err := tx.Persons().Get(ctx, id)
	if err != nil {
		return false, fmt.Errorf("read candidate: %w", err)
	}
	return who.Live() && (f.Verified == nil || who.Verified == *f.Verified), nil
}
