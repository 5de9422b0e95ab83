package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech/edocument"
)

// ErrFilesExist is the refusal to draw what is drawn already.
var ErrFilesExist = idem.Errorf(idem.Conflict, "FILES_EXIST", "the files of the document exist")

// ErrFilesNotKept is the refusal to draw the sheets of a check without a
// session, whose result went to the caller alone.
var ErrFilesNotKept = idem.Errorf(idem.Unprocessable, "FILES_NOT_KEPT", "nothing is kept of a check outside a flow; its approval answers with the file when asked to")

// keepSheets stores the sheets of an electronic document.
func (f *Flows) keepSheets(ctx context.Context, org idem.OrgID, s *idem.Session, files edocument.Files) (out idem.DocumentFiles, err error) {
	if out.PDF, err = f.put(ctx, org, s, files.PDF); err != nil {
		return out, err
	}
	if out.PNG, err = f.put(ctx, org, s, files.PNG); err != nil {
		f.drop(ctx, org, []idem.BlobRef{out.PDF})
		return idem.DocumentFiles{}, err
	}
	return out, nil
}

// DrawSheets draws the sheets of a session's electronic document again when
// they are missing. It needs persons.write. Errors: idem.ErrSessionNotFound for
// a session without such a document, ErrFilesNotKept, ErrFilesExist,
// edocument.ErrIncomplete.
func (f *Flows) DrawSheets(ctx context.Context, p idem.Principal, id idem.SessionID) error {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return err
	}
	s, step, err := f.electronicStep(ctx, p.Org, id)
	if err != nil {
		return err
	}
	r, err := f.restored(ctx, p.Org, &s, s.Steps[step].Result)
	if err != nil {
		return err
	}
	drawn, err := r.Files(string(id), s.Steps[step].EndedAt)
	if err != nil {
		return err
	}
	files, err := f.keepSheets(ctx, p.Org, &s, drawn)
	if err != nil {
		return err
	}
	_, err = f.change(ctx, p.Org, id, func(_ store.Tx, s *idem.Session) error {
		r := s.Steps[step].Result
		if r == nil || r.Document == nil || r.Document.Files != (idem.DocumentFiles{}) {
			return ErrFilesExist
		}
		r.Document.Files = files
		return nil
	})
	if err != nil {
		f.discard(ctx, p.Org, []idem.BlobRef{files.PDF, files.PNG}, err)
	}
	return err
}

// electronicStep finds the step whose sheets are missing.
func (f *Flows) electronicStep(ctx context.Context, org idem.OrgID, id idem.SessionID) (s idem.Session, step int, err error) {
	err = f.Store.View(ctx, org, func(tx store.Tx) error {
		s, err = tx.Sessions().Get(ctx, id)
		return err
	})
	if errors.Is(err, idem.ErrSessionNotFound) {
		return s, 0, f.checkAlone(ctx, org, id)
	}
	if err != nil {
		return s, 0, err
	}
	for i := range s.Steps {
		if p := &s.Steps[i]; p.Technology == idem.TechEDocument && p.Contributes() && p.Result.Document != nil {
			if p.Result.Document.Files != (idem.DocumentFiles{}) {
				return s, i, ErrFilesExist
			}
			return s, i, nil
		}
	}
	return s, 0, idem.ErrSessionNotFound
}

// checkAlone tells a check without a session from what is not known.
func (f *Flows) checkAlone(ctx context.Context, org idem.OrgID, id idem.SessionID) error {
	err := f.Store.Update(ctx, org, func(tx store.Tx) error {
		_, err := tx.Checks().GetForUpdate(ctx, idem.CheckID(id))
		return err
	})
	switch {
	case errors.Is(err, idem.ErrCheckNotFound):
		return idem.ErrSessionNotFound
	case err != nil:
		return err
	}
	return ErrFilesNotKept
}

// restored makes of a kept result what sheets are drawn of; who signed the
// document is not kept.
func (f *Flows) restored(ctx context.Context, org idem.OrgID, s *idem.Session, r *idem.StepResult) (*edocument.Result, error) {
	d := r.Document
	if d.Number == "" && d.PersonalNumber == "" {
		return nil, edocument.ErrIncomplete
	}
	out := &edocument.Result{Kind: edocument.Kind(d.Kind), Proven: true, Chip: edocument.AuthenticationNone, Phone: d.Phone, Provider: d.Provider,
		Document: &edocument.Document{Type: d.Type, Issuer: d.Issuer, Number: d.Number, Surname: d.Surname, Given: d.Given, Patronymic: d.Patronymic,
			FullName: d.FullName, Nationality: d.Nationality, Birth: d.Birth, Issued: d.Issued, Expiry: d.Expiry, Sex: d.Sex,
			PersonalNumber: d.PersonalNumber, Authority: d.Authority}}
	if r.Face == "" {
		return out, nil
	}
	data, err := f.Picture(ctx, org, s, r.Face)
	if err != nil {
		return nil, err
	}
	img, err := f.decode(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("decode portrait: %w", err)
	}
	out.Portrait = &edocument.Portrait{Image: img}
	return out, nil
}
