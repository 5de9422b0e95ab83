package registry

import (
	"context"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
)

// draft is a person checked and made ready outside any transaction.
type draft struct {
	settings idem.Settings
	verified bool
	aliases  []idem.Alias
	portrait *portrait // nil without a photo
}

// made names what a creation puts outside the database.
type made struct {
	person idem.PersonID
	photo  idem.PhotoID
	blob   idem.BlobRef
	key    idem.DataKeyID
}

// Create makes a person of one photo and its aliases and spends one unit of
// the PERSONS subscription. It returns the persons whose faces are similar; an
// organisation that rejects known faces gets idem.ErrFaceKnown instead.
func (r *Registry) Create(ctx context.Context, p idem.Principal, n NewPerson, also ...Also[Created]) (View, []Similar, error) {
	d, err := r.prepare(ctx, p, n)
	if err != nil {
		return View{}, nil, err
	}
	done, err := r.create(ctx, p, d, also)
	return done.View, done.Similar, err
}

// prepare does everything that can be refused without writing, the cheap
// things first.
func (r *Registry) prepare(ctx context.Context, p idem.Principal, n NewPerson) (*draft, error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return nil, err
	}
	if n.Photo == nil && p.Actor.Source != idem.SourceFlow {
		return nil, idem.Errorf(ErrInvalid.Kind, ErrInvalid.Code, "a photo is required").At(fieldPhoto)
	}
	d := &draft{verified: n.Verified}
	err := r.store.View(ctx, p.Org, func(tx store.Tx) (err error) {
		if d.settings, err = r.settings(ctx, tx); err != nil {
			return err
		}
		if d.aliases, err = normalise(d.settings, n.Aliases); err != nil {
			return err
		}
		if err := store.Affordable(ctx, tx, idem.TechPersons); err != nil {
			return err
		}
		return free(ctx, tx, idem.ErrAliasConflict, "", d.aliases)
	})
	if err != nil || n.Photo == nil {
		return d, err
	}
	d.portrait, err = r.take(ctx, *n.Photo, d.settings.FaceUniqueness)
	return d, ofPhoto(err)
}

// create stores the picture, then runs the enrolment.
func (r *Registry) create(ctx context.Context, p idem.Principal, d *draft, also []Also[Created]) (Created, error) {
	key, err := r.vault.NewKey(ctx, p.Org)
	if err != nil {
		return Created{}, fmt.Errorf("make data key: %w", err)
	}
	m := made{person: idem.PersonID(r.ids.New()), key: key}
	var refs []gallery.Entry
	if d.portrait != nil {
		if m.photo, m.blob, err = r.keep(ctx, p.Org, m.person, key, d.portrait); err != nil {
			return Created{}, err
		}
		refs = reference(m, d.portrait)
	}
	var done Created
	err = r.enrol(ctx, p.Org, d.settings, refs, func(tx store.Tx, g gate) error {
		view, err := r.insert(ctx, tx, p, d, m, g)
		if err != nil {
			return err
		}
		done = Created{view, g.similar}
		return store.RunAlso(ctx, tx, done, also)
	})
	if err := r.settle(ctx, p.Org, m, err); err != nil {
		return Created{}, err
	}
	return done, nil
}

// keep stores a portrait sealed under the person's key.
func (r *Registry) keep(ctx context.Context, org idem.OrgID, person idem.PersonID, key idem.DataKeyID, f *portrait) (idem.PhotoID, idem.BlobRef, error) {
	photo, blob := idem.PhotoID(r.ids.New()), idem.BlobRef(r.ids.New())
	if err := r.blobs.Put(ctx, org, key, string(person), blob, f.data); err != nil {
		return "", "", fmt.Errorf("store photo: %w", err)
	}
	return photo, blob, nil
}

// reference is the gallery entry of a portrait, none without a usable face.
func reference(m made, f *portrait) []gallery.Entry {
	if !f.usable {
		return nil
	}
	return []gallery.Entry{{Set: idem.SetPhoto, Subject: string(m.person), Sample: string(m.photo), Key: m.key, Template: f.template}}
}

// insert writes a new person. The order of the tables is that of their locks:
// subscriptions, aliases, gallery, audit.
func (r *Registry) insert(ctx context.Context, tx store.Tx, p idem.Principal, d *draft, m made, g gate) (View, error) {
	if err := store.Spend(ctx, tx, idem.TechPersons); err != nil {
		return View{}, err
	}
	v := View{Person: idem.Person{
		ID: m.person, Verified: d.verified, CreatedAt: tx.Now(), CreatedSource: p.Actor.Source,
		UpdatedAt: tx.Now(), Version: 1, DataKey: m.key,
	}}
	if err := tx.Persons().Insert(ctx, v.Person); err != nil {
		return View{}, fmt.Errorf("insert person: %w", err)
	}
	if err := r.insertAliases(ctx, tx, &v, d.aliases); err != nil {
		return View{}, err
	}
	actions := []idem.Action{personCreated(v)}
	for _, a := range v.Aliases[1:] {
		actions = append(actions, aliasAdded(a))
	}
	if d.portrait != nil {
		f, err := r.insertFirst(ctx, tx, d.portrait, m, v.Person.CreatedSource, g)
		if err != nil {
			return View{}, err
		}
		v.Photos = []idem.Photo{f}
		actions = append(actions, photoAdded(f, d.portrait.faces, g.similar))
	}
	return v, appendActions(ctx, tx, p, m.person, actions...)
}

// insertAliases gives the new person its SYSTEM_ID and the aliases given.
func (r *Registry) insertAliases(ctx context.Context, tx store.Tx, v *View, given []idem.Alias) error {
	if err := free(ctx, tx, idem.ErrAliasConflict, "", given); err != nil {
		return err
	}
	id := string(v.Person.ID)
	v.Aliases = append([]idem.Alias{{Type: idem.AliasSystemID, Value: id, Norm: id}}, slices.Clone(given)...)
	for i := range v.Aliases {
		a := &v.Aliases[i]
		a.ID, a.Person, a.Source, a.CreatedAt = idem.AliasID(r.ids.New()), v.Person.ID, v.Person.CreatedSource, tx.Now()
	}
	return r.addAliases(ctx, tx, v.Person.DataKey, v.Aliases)
}

func (r *Registry) insertFirst(ctx context.Context, tx store.Tx, f *portrait, m made, source idem.Source, g gate) (idem.Photo, error) {
	row := f.photo(m.photo, m.person, m.blob, source, tx.Now())
	row.Default = true
	return row, r.insertPhoto(ctx, tx, &row, g)
}

// insertPhoto admits the photo's reference, if it has one, and writes its row.
func (r *Registry) insertPhoto(ctx context.Context, tx store.Tx, row *idem.Photo, g gate) error {
	seqs, err := g.admit(tx)
	if err != nil {
		return err
	}
	if len(seqs) > 0 {
		row.EntrySeq = int64(seqs[0])
	}
	if err := tx.Photos().Insert(ctx, *row); err != nil {
		return fmt.Errorf("insert photo: %w", err)
	}
	return nil
}
