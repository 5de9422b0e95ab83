package persons

import (
	"context"
	"strconv"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// imageLimit bounds one picture, in bytes.
const imageLimit = 10 << 20

// personID reads the person of a path. What is no identifier is unknown.
func (r *request) personID() (idem.PersonID, error) {
	id, ok := idem.ParseID(r.PathValue("person_id"))
	if !ok {
		return "", idem.ErrPersonNotFound
	}
	return idem.PersonID(id), nil
}

func (a *api) createPerson(ctx context.Context, r *request) (answer, error) {
	var body createBody
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	r.body = nil
	person, err := body.person()
	if err != nil {
		return answer{}, err
	}
	view, similar, err := a.Registry.Create(ctx, r.principal, person, r.rememberPerson())
	if err != nil {
		return answer{}, err
	}
	return answer{201, createdOf(registry.Created{View: view, Similar: similar}), etag(view)}, nil
}

// rememberPerson keeps the answer of a creation with its Idempotency-Key.
func (r *request) rememberPerson() registry.Also[registry.Created] {
	return func(ctx context.Context, tx store.Tx, c registry.Created) error {
		return r.claim.Finish(ctx, tx, 201, encode(createdOf(c)))
	}
}

func (b *createBody) person() (registry.NewPerson, error) {
	var none registry.NewPerson
	photo, err := upload(b.Image, b.PhotoType)
	if err != nil {
		return none, err
	}
	verified, err := required(b.Verified, "is_verified")
	if err != nil {
		return none, err
	}
	aliases, err := aliasInputs(b.Aliases)
	if err != nil {
		return none, err
	}
	return registry.NewPerson{Photo: &photo, Verified: verified, Aliases: aliases}, nil
}

// upload reads the two members of a picture.
func upload(image, photoType *string) (registry.Upload, error) {
	var none registry.Upload
	encoded, err := required(image, "image_b64")
	if err != nil {
		return none, err
	}
	name, err := required(photoType, "photo_type")
	if err != nil {
		return none, err
	}
	kind, err := idem.ParsePhotoType(name)
	if err != nil {
		return none, err
	}
	data, err := picture.FromBase64(encoded, imageLimit)
	if err != nil {
		return none, imageRefusal(err)
	}
	return registry.Upload{Image: data, Type: kind}, nil
}

// imageRefusal names the member that a picture came in.
func imageRefusal(err error) error { return translate(err).At("image_b64") }

func (a *api) listPersons(ctx context.Context, r *request) (answer, error) {
	p := paramsOf(r)
	mark := listMark(r.principal.Org, Base, p.values)
	query, page := p.personQuery(), p.page(mark)
	if err := p.done(); err != nil {
		return answer{}, err
	}
	items, next, total, err := a.Registry.List(ctx, r.principal, query, page)
	if err != nil {
		return answer{}, err
	}
	return listOf(items, personOf, packCursor(mark, next), total), nil
}

func (a *api) getPerson(ctx context.Context, r *request) (answer, error) {
	id, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	photos, sessions, err := include(r)
	if err != nil {
		return answer{}, err
	}
	view, err := a.Registry.Get(ctx, r.principal, id)
	if err != nil {
		return answer{}, err
	}
	out := personOf(view)
	if photos {
		if err := a.addImages(ctx, r, view, &out); err != nil {
			return answer{}, err
		}
	}
	if sessions {
		links, err := a.Registry.Sessions(ctx, r.principal, id)
		if err != nil {
			return answer{}, err
		}
		list := sessionsOf(links)
		out.Sessions = &list
	}
	return answer{200, out, etag(view)}, nil
}

func include(r *request) (photos, sessions bool, err error) {
	p := paramsOf(r)
	if text := p.text("include"); text != "" {
		for _, part := range strings.Split(text, ",") {
			switch part {
			case "photos_b64":
				photos = true
			case "sessions":
				sessions = true
			default:
				p.fail(invalid("include", "the value is a list of photos_b64, sessions"))
			}
		}
	}
	return photos, sessions, p.done()
}

// maxIncluded bounds the pictures of one answer, in bytes.
const maxIncluded = 32 << 20

func (a *api) addImages(ctx context.Context, r *request, v registry.View, out *personObject) error {
	size := 0
	for _, f := range v.Photos {
		size += f.Bytes
	}
	if size > maxIncluded {
		return invalid("include", "the photos have more than %d bytes together; read them one by one", maxIncluded)
	}
	for i, f := range v.Photos {
		data, _, err := a.Registry.PhotoImage(ctx, r.principal, v.Person.ID, f.ID)
		if err != nil {
			return err
		}
		out.Photos[i].Image = base64Of(data)
	}
	return nil
}

func (a *api) patchPerson(ctx context.Context, r *request) (answer, error) {
	id, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	var body personPatch
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	verified, err := required(body.Verified, "is_verified")
	if err != nil {
		return answer{}, err
	}
	version, err := ifMatch(r)
	if err != nil {
		return answer{}, err
	}
	view, err := a.Registry.SetVerified(ctx, r.principal, id, verified, version)
	if err != nil {
		return answer{}, err
	}
	return answer{200, personOf(view), etag(view)}, nil
}

// etag is the version of a person, which If-Match of a later change may name.
func etag(v registry.View) map[string]string {
	return map[string]string{"ETag": strconv.Quote(strconv.FormatInt(v.Person.Version, 10))}
}

func ifMatch(r *request) (*int64, error) {
	text := strings.TrimSpace(r.Header.Get("If-Match"))
	if text == "" || text == "*" {
		return nil, nil
	}
	version, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
	if err != nil {
		return nil, idem.ErrVersionMismatch
	}
	return &version, nil
}

func (a *api) deletePerson(ctx context.Context, r *request) (answer, error) {
	id, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	return answer{status: 204}, a.Registry.Delete(ctx, r.principal, id)
}

func (a *api) restorePerson(ctx context.Context, r *request) (answer, error) {
	id, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	var body emptyBody
	if err := decodeOptional(r.body, &body); err != nil {
		return answer{}, err
	}
	view, similar, err := a.Registry.Restore(ctx, r.principal, id)
	if err != nil {
		return answer{}, err
	}
	return answer{200, createdOf(registry.Created{View: view, Similar: similar}), etag(view)}, nil
}

func (a *api) searchPersons(ctx context.Context, r *request) (answer, error) {
	var body searchBody
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	inputs, err := aliasInputs(body.Aliases)
	if err != nil {
		return answer{}, err
	}
	found, err := a.Registry.Search(ctx, r.principal, inputs)
	if err != nil {
		return answer{}, err
	}
	out := searchObject{Matches: found, Match: "many"}
	switch len(found) {
	case 0:
		out.Match = "none"
	case 1:
		out.Match = "one"
	}
	return answer{status: 200, body: out}, nil
}

func (a *api) listSessions(ctx context.Context, r *request) (answer, error) {
	id, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	p := paramsOf(r)
	p.page(listMark(r.principal.Org, r.URL.Path, p.values))
	if err := p.done(); err != nil {
		return answer{}, err
	}
	links, err := a.Registry.Sessions(ctx, r.principal, id)
	if err != nil {
		return answer{}, err
	}
	return listOf(sessionsOf(links), func(s sessionObject) sessionObject { return s }, nil, int64(len(links))), nil
}

func (a *api) listActions(ctx context.Context, r *request) (answer, error) {
	id, err := r.personID()
	if err != nil {
		return answer{}, err
	}
	p := paramsOf(r)
	mark := listMark(r.principal.Org, string(id)+"/actions", p.values)
	query, page := p.actionQuery(), p.page(mark)
	if err := p.done(); err != nil {
		return answer{}, err
	}
	items, next, total, err := a.Registry.Actions(ctx, r.principal, id, query, page)
	if err != nil {
		return answer{}, err
	}
	return listOf(items, actionOf, packCursor(mark, next), total), nil
}
