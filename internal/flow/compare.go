package flow

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/facematch"
)

// candidate is a face that the one in front of the camera may be compared
// with.
type candidate struct {
	source idem.ReferenceSource
	photo  idem.Photo // of a person
	blob   idem.BlobRef
}

// compare runs Face2Face on pictures of earlier steps: the first reference
// that shows a usable face decides.
func (f *Flows) compare(ctx context.Context, a *attempt, t tech.Technology) (idem.Session, tech.Outcome, error) {
	org, s := a.org, &a.session
	probe := s.Frame()
	if probe == "" {
		return f.fail(ctx, org, s.ID, a.step, idem.FailureNoProbe)
	}
	list, fmr, err := f.candidates(ctx, org, s)
	if err != nil {
		return *s, tech.Outcome{}, f.giveBack(ctx, a, err)
	}
	if len(list) == 0 {
		return f.fail(ctx, org, s.ID, a.step, idem.FailureNoReference)
	}
	var out tech.Outcome
	var used candidate
	for _, used = range list {
		out, err = f.Runner.Run(ctx, t, func(ctx context.Context) (tech.Evidence, error) {
			return f.pair(ctx, org, s, probe, used, fmr)
		})
		if err != nil {
			return *s, out, f.giveBack(ctx, a, err)
		}
		if !slices.Contains(out.Reasons, facematch.ReferenceUnusable) {
			break
		}
	}
	var match *idem.MatchResult
	if r, ok := out.Details.(*facematch.Result); ok {
		match = matched(r)
		match.Source, match.Photo, match.PhotoType = used.source, used.photo.ID, used.photo.Type
	}
	return f.settle(ctx, a, out, match)
}

func (f *Flows) fail(ctx context.Context, org idem.OrgID, id idem.SessionID, step int, why idem.Failure) (idem.Session, tech.Outcome, error) {
	s, err := f.change(ctx, org, id, func(tx store.Tx, s *idem.Session) error {
		if err := s.Fail(step, why, tx.Now()); err != nil {
			return err
		}
		return f.emit(ctx, tx, s, Event{Name: idem.EventTechnologyEnd, Step: step})
	})
	return s, tech.Outcome{}, err
}

// candidates lists the photos of the known person, if the flow wants them, and
// then the portrait of the session's document.
func (f *Flows) candidates(ctx context.Context, org idem.OrgID, s *idem.Session) (list []candidate, fmr float64, err error) {
	err = f.Store.View(ctx, org, func(tx store.Tx) error {
		o, err := tx.Organisations().Get(ctx)
		if err != nil {
			return fmt.Errorf("read settings: %w", err)
		}
		fmr, list = o.Settings.MatchFMR, nil
		if !s.Config.PersonPhoto || s.Demo {
			return nil
		}
		who, err := identified(ctx, tx, s, o.Settings)
		if err != nil || who == "" {
			return err
		}
		photos, err := tx.Photos().List(ctx, who)
		if err != nil {
			return fmt.Errorf("list photos: %w", err)
		}
		for _, p := range idem.References(photos) {
			list = append(list, candidate{source: idem.ReferencePerson, photo: p})
		}
		return nil
	})
	if portrait, source := s.Portrait(); portrait != "" {
		list = append(list, candidate{source: source, blob: portrait})
	}
	return list, fmr, err
}

// identified returns the person whom the metadata named, else the one who owns
// the aliases that earlier steps found.
func identified(ctx context.Context, tx store.Tx, s *idem.Session, settings idem.Settings) (idem.PersonID, error) {
	if s.Person != "" {
		who, err := tx.Persons().Get(ctx, s.Person)
		if err != nil || !who.Live() {
			return "", err
		}
		return s.Person, nil
	}
	found, reason := s.Harvest(settings, nil)
	if reason != "" || len(found.Aliases) == 0 {
		return "", nil
	}
	return owner(ctx, tx, settings, found.Aliases)
}

// pair reads the two pictures.
func (f *Flows) pair(ctx context.Context, org idem.OrgID, s *idem.Session, probe idem.BlobRef, c candidate, fmr float64) (tech.Evidence, error) {
	in := tech.Evidence{FMR: fmr, Reference: tech.Reference{Source: tech.Source(c.source)}}
	data, err := f.Picture(ctx, org, s, probe)
	if err != nil {
		return in, err
	}
	if in.Probe, err = f.decode(ctx, data); err != nil {
		return in, err
	}
	if c.source == idem.ReferencePerson {
		data, err = f.Blobs.Get(ctx, org, string(c.photo.Person), c.photo.Blob)
	} else {
		data, err = f.Picture(ctx, org, s, c.blob)
	}
	if err != nil {
		return in, fmt.Errorf("read reference: %w", err)
	}
	in.Reference.Image, err = f.decode(ctx, data)
	return in, err
}

func (f *Flows) decode(ctx context.Context, data []byte) (image.Image, error) {
	p, err := f.Pictures.Decode(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("decode stored picture: %w", err)
	}
	return p.Image, nil
}
