package persons

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// photoID reads person and photo of a path.
func (r *request) photoID() (idem.PersonID, idem.PhotoID, error) {
	person, err := r.personID()
	if err != nil {
		return "", "", err
	}
	id, ok := idem.ParseID(r.PathValue("photo_id"))
	if !ok {
		return "", "", idem.ErrPhotoNotFound
	}
	return person, idem.PhotoID(id), nil
}

func (a *api) listPhotos(ctx context.Context, r *request) (answer, error) {
	id, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	p := paramsOf(r)
	p.page(listMark(r.principal.Org, r.URL.Path, p.values))
	if err := p.done(); err != nil {
		return answer{}, err
	}
	view, err := a.Registry.Get(ctx, r.principal, id)
	if err != nil {
		return answer{}, err
	}
	return listOf(view.Photos, photoOf, nil, int64(len(view.Photos))), nil
}

func (a *api) addPhoto(ctx context.Context, r *request) (answer, error) {
	person, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	var body addPhotoBody
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	r.body = nil
	photo, err := upload(body.Image, body.PhotoType)
	if err != nil {
		return answer{}, err
	}
	remember := func(ctx context.Context, tx store.Tx, done registry.PhotoAdded) error {
		return r.claim.Finish(ctx, tx, 201, encode(addedPhotoOf(done)))
	}
	f, similar, err := a.Registry.AddPhoto(ctx, r.principal, person, photo, remember)
	if err != nil {
		return answer{}, err
	}
	return answer{status: 201, body: addedPhotoOf(registry.PhotoAdded{Photo: f, Similar: similar})}, nil
}

func addedPhotoOf(p registry.PhotoAdded) photoObject {
	out := photoOf(p.Photo)
	out.Similar = similarOf(p.Similar)
	return out
}

// patchPhoto makes a photo the default. The flag cannot be taken away: another
// photo has to get it.
func (a *api) patchPhoto(ctx context.Context, r *request) (answer, error) {
	person, id, err := r.photoID()
	if err != nil {
		return answer{}, err
	}
	var body photoPatch
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	isDefault, err := required(body.Default, "is_default")
	if err != nil {
		return answer{}, err
	}
	if !isDefault {
		return answer{}, a.refuseUnset(ctx, r, person, id)
	}
	f, err := a.Registry.SetDefaultPhoto(ctx, r.principal, person, id)
	if err != nil {
		return answer{}, err
	}
	return answer{status: 200, body: photoOf(f)}, nil
}

// refuseUnset answers what is wrong first: no such photo, a deleted person, or
// the wish itself.
func (a *api) refuseUnset(ctx context.Context, r *request, person idem.PersonID, id idem.PhotoID) error {
	view, err := a.Registry.Get(ctx, r.principal, person)
	if err != nil {
		return err
	}
	if err := view.Person.Writable(); err != nil {
		return err
	}
	for _, f := range view.Photos {
		if f.ID == id {
			return idem.ErrDefaultRequired
		}
	}
	return idem.ErrPhotoNotFound
}

func (a *api) deletePhoto(ctx context.Context, r *request) (answer, error) {
	person, id, err := r.photoID()
	if err != nil {
		return answer{}, err
	}
	return answer{status: 204}, a.Registry.RemovePhoto(ctx, r.principal, person, id)
}

func (a *api) photoImage(ctx context.Context, r *request) (answer, error) {
	person, id, err := r.photoID()
	if err != nil {
		return answer{}, err
	}
	data, mime, err := a.Registry.PhotoImage(ctx, r.principal, person, id)
	if err != nil {
		return answer{}, err
	}
	return answer{status: 200, body: file{data, mime}}, nil
}
