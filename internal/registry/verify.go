package registry

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

// verifyFMR is the false match rate of a verification whose caller names none.
const verifyFMR = 1e-4

// Reference is what a probe is verified against: a picture or a person, not
// both. FMR is the false match rate to decide at, 1e-6..1e-2, nil for 1e-4.
type Reference struct {
	Image  []byte
	Person idem.PersonID
	FMR    *float64
}

// Verification answers a 1:1 comparison. Compared is false when one of the two
// sides shows no usable face; then there is no score and no match. Photo is the
// person's photo that compared best. Reference describes the face in the
// reference picture and is nil against a person.
type Verification struct {
	Match        bool
	Compared     bool
	Score        float64 // cosine, -1..1
	FMR          float64 // of a threshold at Score
	Threshold    float64
	ThresholdFMR float64
	Photo        idem.PhotoID
	Probe        Face
	Reference    *Face
}

// Verify compares the face in a picture with that of one reference. Against a
// person, the best over all of its usable photos counts.
func (r *Registry) Verify(ctx context.Context, p idem.Principal, image []byte, against Reference) (Verification, error) {
	if err := p.Require(idem.FacesVerify); err != nil {
		return Verification{}, err
	}
	out, err := r.verifyThreshold(against)
	if err != nil {
		return Verification{}, err
	}
	references, err := r.references(ctx, p.Org, against, &out)
	if err != nil {
		return Verification{}, err
	}
	probe, err := r.probe(ctx, image)
	if err != nil {
		return Verification{}, ofPhoto(err)
	}
	out.Probe = probe.face
	if !probe.usable || len(references) == 0 {
		return out, nil
	}
	err = out.compare(probe.template, references)
	out.FMR = r.engine.Model().Calibration.FMR(out.Score)
	out.Match = out.Score >= out.Threshold
	return out, err
}

func (r *Registry) verifyThreshold(against Reference) (Verification, error) {
	if (against.Image == nil) == (against.Person == "") {
		return Verification{}, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "give a reference picture or a person, one of them").At("reference")
	}
	if err := r.engine.Ready(); err != nil {
		return Verification{}, err
	}
	fmr := verifyFMR
	if against.FMR != nil {
		fmr = *against.FMR
	}
	threshold, err := r.engine.Model().Calibration.Threshold(fmr)
	return Verification{Threshold: threshold, ThresholdFMR: fmr}, at(err, "fmr")
}

// reference is one template to compare with.
type referenced struct {
	photo    idem.PhotoID
	template match.Template
}

func (r *Registry) references(ctx context.Context, org idem.OrgID, against Reference, out *Verification) ([]referenced, error) {
	if against.Person != "" {
		return r.personReferences(ctx, org, against.Person)
	}
	f, err := r.probe(ctx, against.Image)
	if err != nil {
		return nil, at(err, "reference")
	}
	out.Reference = &f.face
	if !f.usable {
		return nil, nil
	}
	return []referenced{{template: f.template}}, nil
}

// personReferences reads the templates of a live person's photos.
func (r *Registry) personReferences(ctx context.Context, org idem.OrgID, id idem.PersonID) ([]referenced, error) {
	var photos []idem.Photo
	err := r.store.View(ctx, org, func(tx store.Tx) error {
		who, err := tx.Persons().Get(ctx, id)
		if err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		if err := who.Writable(); err != nil {
			return err
		}
		photos, err = tx.Photos().List(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []referenced
	for _, f := range photos {
		if f.EntrySeq == 0 {
			continue
		}
		stored, err := r.gallery.Entry(ctx, org, idem.Seq(f.EntrySeq))
		if err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
		out = append(out, referenced{f.ID, stored.Template})
	}
	return out, nil
}

// compare keeps the best score over the references.
func (v *Verification) compare(probe match.Template, references []referenced) error {
	for _, ref := range references {
		score, err := match.Score(probe, ref.template)
		if err != nil {
			return fmt.Errorf("compare templates: %w", err)
		}
		if !v.Compared || score > v.Score {
			v.Compared, v.Score, v.Photo = true, score, ref.photo
		}
	}
	return nil
}
