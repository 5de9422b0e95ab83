package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
)

// attempts bounds how often an enrolment that lost its lease starts anew.
const attempts = 3

// gate is how the references of an enrolment enter the gallery. The deciding
// transaction calls admit once, behind its alias rows and before its actions,
// and learns the positions of the entries in the order of the references.
type gate struct {
	similar []Similar
	admit   func(tx store.Tx) ([]idem.Seq, error)
}

// unsure marks the failure of a commit whose outcome is not known.
type unsure struct{ error }

func (u unsure) Unwrap() error { return u.error }

// enrol brings references into the gallery together with what decide writes,
// in one transaction. Unless uniqueness is off, it first finds out whether the
// faces are known, by reserve, search and decide: other subjects above the
// organisation's thresholds are passed to decide, or refused with
// idem.ErrFaceKnown. On a failure the entries are withdrawn.
func (r *Registry) enrol(ctx context.Context, org idem.OrgID, s idem.Settings, refs []gallery.Entry, decide func(store.Tx, gate) error) error {
	if s.FaceUniqueness == idem.UniquenessOff || len(refs) == 0 {
		return r.update(ctx, org, func(tx store.Tx) error {
			return decide(tx, gate{admit: func(tx store.Tx) ([]idem.Seq, error) { return r.gallery.Add(ctx, tx, refs) }})
		})
	}
	rule, err := r.rule(s)
	if err != nil {
		return err
	}
	for range attempts {
		err = r.contest(ctx, org, s, rule, refs, decide)
		if !errors.Is(err, gallery.ErrLeaseLost) {
			return err
		}
	}
	return idem.Errorf(idem.Unavailable, gallery.ErrBusy.Code, "%s", gallery.ErrBusy.Message).Because(err)
}

// update is Store.Update that tells a refused change from a lost commit.
func (r *Registry) update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	committing := false
	err := r.store.Update(ctx, org, func(tx store.Tx) error {
		committing = false
		if err := f(tx); err != nil {
			return err
		}
		committing = true
		return nil
	})
	if err != nil && committing {
		return unsure{err}
	}
	return err
}

// thresholds are an organisation's false match rates as comparison scores.
type thresholds struct{ similar, duplicate float64 }

func (r *Registry) rule(s idem.Settings) (thresholds, error) {
	if err := r.engine.Ready(); err != nil {
		return thresholds{}, fmt.Errorf("read calibration: %w", err)
	}
	c := r.engine.Model().Calibration
	similar, err := c.Threshold(s.SimilarFMR)
	if err != nil {
		return thresholds{}, fmt.Errorf("similar_fmr: %w", err)
	}
	duplicate, err := c.Threshold(s.DuplicateFMR)
	if err != nil {
		return thresholds{}, fmt.Errorf("duplicate_fmr: %w", err)
	}
	return thresholds{similar, duplicate}, nil
}

// contest is one run of the protocol.
func (r *Registry) contest(ctx context.Context, org idem.OrgID, s idem.Settings, t thresholds, refs []gallery.Entry, decide func(store.Tx, gate) error) error {
	held, err := r.gallery.Reserve(ctx, org, refs, nil)
	if err != nil {
		return fmt.Errorf("reserve gallery entry: %w", err)
	}
	similar, err := r.similar(ctx, held, s, t)
	if err == nil {
		err = r.update(ctx, org, func(tx store.Tx) error {
			return decide(tx, gate{similar, func(tx store.Tx) ([]idem.Seq, error) { return activate(ctx, tx, held) }})
		})
	}
	if err != nil {
		return errors.Join(err, withdraw(ctx, held))
	}
	return nil
}

func activate(ctx context.Context, tx store.Tx, held []*gallery.Reservation) ([]idem.Seq, error) {
	if err := gallery.ActivateAll(ctx, tx, held...); err != nil {
		return nil, fmt.Errorf("activate gallery entry: %w", err)
	}
	seqs := make([]idem.Seq, len(held))
	for i, h := range held {
		seqs[i] = h.Seq()
	}
	return seqs, nil
}

// errHeld: an entry could not be withdrawn. Its lease will end; until then its
// key must stay.
var errHeld = errors.New("withdraw gallery entry")

func withdraw(ctx context.Context, held []*gallery.Reservation) error {
	var failed error
	for _, h := range held {
		if err := h.Withdraw(ctx); err != nil {
			failed = fmt.Errorf("%w: %w", errHeld, err)
		}
	}
	return failed
}

// maxSimilar bounds the references that a search names. They are the best ones,
// so a duplicate is among them if there is any.
const maxSimilar = 100

// similar searches for the subjects that resemble any of the reserved
// references, best first, and refuses duplicates where the settings say so.
func (r *Registry) similar(ctx context.Context, held []*gallery.Reservation, s idem.Settings, t thresholds) ([]Similar, error) {
	rule := gallery.Rule{Sets: []idem.Set{idem.SetPhoto}, Floor: t.similar, K: maxSimilar}
	if s.FaceUniqueness == idem.UniquenessReject {
		rule.Settles = t.duplicate
	}
	var matches []gallery.Match
	for _, h := range held {
		found, err := h.Search(ctx, rule)
		if err != nil {
			return nil, fmt.Errorf("search gallery: %w", err)
		}
		matches = append(matches, found...)
	}
	similar := r.bestPerPerson(matches, t)
	if s.FaceUniqueness == idem.UniquenessReject && len(similar) > 0 && similar[0].Duplicate {
		return nil, faceKnown(similar)
	}
	return similar, nil
}

func (r *Registry) bestPerPerson(matches []gallery.Match, t thresholds) []Similar {
	slices.SortStableFunc(matches, func(a, b gallery.Match) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return int(a.Seq - b.Seq)
	})
	c := r.engine.Model().Calibration
	var out []Similar
	seen := map[string]bool{}
	for _, m := range matches {
		if seen[m.Subject] {
			continue
		}
		seen[m.Subject] = true
		out = append(out, Similar{
			Person: idem.PersonID(m.Subject), Photo: idem.PhotoID(m.Sample),
			Score: m.Score, FMR: c.FMR(m.Score), Duplicate: m.Score >= t.duplicate,
		})
	}
	return out
}

// faceKnown is the refusal that names the duplicates among the similar persons.
func faceKnown(similar []Similar) error {
	var persons []map[string]any
	for _, s := range similar {
		if s.Duplicate {
			persons = append(persons, map[string]any{
				"person_id": string(s.Person), "photo_id": string(s.Photo),
				"score": s.Score, "fmr": s.FMR,
			})
		}
	}
	return idem.ErrFaceKnown.With("persons", persons)
}
