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

// Restore makes a deleted person live again with its identifier, aliases,
// photos, default and flag; no subscription unit is spent. Its faces pass the
// organisation's uniqueness search like new ones, and the persons found are
// returned. idem.ErrRestoreConflict names, under "conflicts", every alias that
// another person has meanwhile or, under "persons", those whose face it is.
func (r *Registry) Restore(ctx context.Context, p idem.Principal, id idem.PersonID, also ...Also[Created]) (View, []Similar, error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return View{}, nil, err
	}
	was, s, err := r.deleted(ctx, p.Org, id)
	if err != nil {
		return View{}, nil, err
	}
	refs, err := r.storedReferences(ctx, p.Org, was)
	if err != nil {
		return View{}, nil, err
	}
	var out View
	var similar []Similar
	err = r.enrol(ctx, p.Org, s, refs, func(tx store.Tx, g gate) (err error) {
		similar = g.similar
		if out, err = r.restore(ctx, tx, p, id, refs, g); err != nil {
			return err
		}
		return store.RunAlso(ctx, tx, Created{out, similar}, also)
	})
	if e := (*idem.Error)(nil); errors.As(err, &e) && e.Code == idem.ErrFaceKnown.Code {
		err = idem.ErrRestoreConflict.Saying("the face of the person belongs to another person now").With("persons", e.Details["persons"])
	}
	if err != nil {
		return View{}, nil, err
	}
	return out, similar, nil
}

// deleted reads a person that can be restored, and refuses early what the
// transaction would refuse.
func (r *Registry) deleted(ctx context.Context, org idem.OrgID, id idem.PersonID) (v View, s idem.Settings, err error) {
	err = r.store.View(ctx, org, func(tx store.Tx) error {
		who, err := tx.Persons().Get(ctx, id)
		if err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		if err := restorable(who); err != nil {
			return err
		}
		if v, err = viewOf(ctx, tx, who); err != nil {
			return err
		}
		if s, err = r.settings(ctx, tx); err != nil {
			return err
		}
		return free(ctx, tx, idem.ErrRestoreConflict, id, v.Aliases)
	})
	return v, s, err
}

// restorable asks the rule on a copy.
func restorable(who idem.Person) error { return who.Restore(who.DeletedAt) }

// storedReferences makes fresh references of the templates that the person's
// photos have in the gallery.
func (r *Registry) storedReferences(ctx context.Context, org idem.OrgID, v View) ([]gallery.Entry, error) {
	var refs []gallery.Entry
	for _, f := range v.Photos {
		if f.EntrySeq == 0 {
			continue
		}
		stored, err := r.gallery.Entry(ctx, org, idem.Seq(f.EntrySeq))
		if err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
		refs = append(refs, gallery.Entry{
			Set: idem.SetPhoto, Subject: string(v.Person.ID), Sample: string(f.ID),
			Key: v.Person.DataKey, Template: stored.Template,
		})
	}
	return refs, nil
}

func (r *Registry) restore(ctx context.Context, tx store.Tx, p idem.Principal, id idem.PersonID, refs []gallery.Entry, g gate) (View, error) {
	who, err := tx.Persons().GetForUpdate(ctx, id)
	if err != nil {
		return View{}, fmt.Errorf("lock person: %w", err)
	}
	if err := who.Restore(tx.Now()); err != nil {
		return View{}, err
	}
	if err := claimAliases(ctx, tx, id); err != nil {
		return View{}, err
	}
	if err := r.replaceEntries(ctx, tx, id, refs, g); err != nil {
		return View{}, err
	}
	if err := r.saveAndAppend(ctx, tx, p, who, personRestored(g.similar)); err != nil {
		return View{}, err
	}
	return viewOf(ctx, tx, who)
}

// claimAliases takes the aliases back or names all that are taken.
func claimAliases(ctx context.Context, tx store.Tx, id idem.PersonID) error {
	aliases, err := tx.Aliases().List(ctx, id)
	if err != nil {
		return fmt.Errorf("list aliases: %w", err)
	}
	if err := free(ctx, tx, idem.ErrRestoreConflict, id, aliases); err != nil {
		return err
	}
	if err := tx.Aliases().SetLive(ctx, id, true); err != nil {
		return fmt.Errorf("take aliases back: %w", err)
	}
	return nil
}

// replaceEntries puts fresh entries in the place of those in the deleted set:
// a fresh one has a position that later searches are sure to have covered.
func (r *Registry) replaceEntries(ctx context.Context, tx store.Tx, id idem.PersonID, refs []gallery.Entry, g gate) error {
	seqs, err := g.admit(tx)
	if err != nil {
		return err
	}
	photos, err := tx.Photos().List(ctx, id)
	if err != nil {
		return fmt.Errorf("list photos: %w", err)
	}
	for i, seq := range seqs {
		sample := idem.PhotoID(refs[i].Sample)
		at := slices.IndexFunc(photos, func(f idem.Photo) bool { return f.ID == sample })
		if at < 0 {
			return fmt.Errorf("restore person: photo %s is gone", sample)
		}
		if err := r.gallery.Remove(ctx, tx, idem.Seq(photos[at].EntrySeq)); err != nil {
			return fmt.Errorf("remove old gallery entry: %w", err)
		}
		if err := tx.Photos().SetEntry(ctx, id, sample, seq); err != nil {
			return fmt.Errorf("set gallery entry: %w", err)
		}
	}
	return nil
}
