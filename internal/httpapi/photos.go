package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// Photo is a stored picture of a person, without its bytes.
type Photo struct {
	ID        string    `json:"id" format:"uuid"`
	Type      string    `json:"type" enum:"digital,scan,live,other"`
	Default   bool      `json:"default"`
	MIME      string    `json:"mime" example:"image/jpeg"`
	Width     int       `json:"width" doc:"In pixels, upright."`
	Height    int       `json:"height"`
	Bytes     int       `json:"bytes"`
	FaceCode  string    `json:"face_code" doc:"OK, FACE_MULTIPLE, FACE_LOW_QUALITY, FACE_TOO_SMALL, FACE_NOT_FOUND or NOT_ANALYSED."`
	Quality   float64   `json:"quality" doc:"0 to 100; 0 when not analysed."`
	Source    string    `json:"source" enum:"API,CABINET,FLOW"`
	CreatedAt time.Time `json:"created_at"`
	ImageURL  string    `json:"image_url" doc:"Where the picture is, relative to the server; it needs the permission pictures.read."`
}

// AddedPhoto is a new photo with the persons whose faces are similar.
type AddedPhoto struct {
	Photo
	SimilarPersons []Similar `json:"similar_persons" nullable:"false"`
}

func photoOf(f idem.Photo) Photo {
	return Photo{
		ID: string(f.ID), Type: strings.ToLower(string(f.Type)), Default: f.Default, MIME: f.MIME, Width: f.Width, Height: f.Height,
		Bytes: f.Bytes, FaceCode: f.FaceCode, Quality: f.Quality, Source: string(f.Source), CreatedAt: f.CreatedAt,
		ImageURL: "/v1/persons/" + string(f.Person) + "/photos/" + string(f.ID) + "/image",
	}
}

func photosOf(list []idem.Photo) []Photo {
	out := make([]Photo, len(list))
	for i, f := range list {
		out[i] = photoOf(f)
	}
	return out
}

// uploadOf makes the use case's input of a picture.
func uploadOf(image Image, photoType string) (*registry.Upload, error) {
	t, err := idem.ParsePhotoType(photoType)
	return &registry.Upload{Image: image, Type: t}, err
}

type photoListOut struct {
	Body struct {
		Data []Photo `json:"data" nullable:"false"`
	} `nameHint:"PhotoList"`
}

func (s *server) listPhotos(ctx context.Context, p idem.Principal, in *PersonPath) (*photoListOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	view, err := s.registry.Get(ctx, p, id)
	out := &photoListOut{}
	out.Body.Data = photosOf(view.Photos)
	return out, err
}

type newPhotoBody struct {
	Image     Image  `json:"image"`
	PhotoType string `json:"photo_type" enum:"digital,scan,live,other" doc:"Where the photo comes from; any letter case."`
}

type addPhotoIn struct {
	PersonPath
	body newPhotoBody
}

func (in *addPhotoIn) content(ctx context.Context) (any, error) {
	if err := readPicture(ctx, &in.body); err != nil {
		return nil, err
	}
	return in.body, needPhoto(in.body.Image, in.body.PhotoType)
}

func (s *server) addPhoto(ctx context.Context, p idem.Principal, in *addPhotoIn, c claim[AddedPhoto]) (answer[AddedPhoto], error) {
	id, err := in.id()
	if err != nil {
		return answer[AddedPhoto]{}, err
	}
	upload, err := uploadOf(in.body.Image, in.body.PhotoType)
	if err != nil {
		return answer[AddedPhoto]{}, err
	}
	photo, similar, err := s.registry.AddPhoto(ctx, p, id, *upload, func(ctx context.Context, tx store.Tx, done registry.PhotoAdded) error {
		return c.remember(ctx, tx, addedPhoto(done.Photo, done.Similar))
	})
	return addedPhoto(photo, similar), ofImage(err)
}

func addedPhoto(f idem.Photo, similar []registry.Similar) answer[AddedPhoto] {
	return answer[AddedPhoto]{http.StatusCreated, AddedPhoto{photoOf(f), similarOf(similar)}}
}

type PhotoPath struct {
	PersonPath
	PhotoID string `path:"photo_id" doc:"The photo."`
}

func (p PhotoPath) ids() (idem.PersonID, idem.PhotoID, error) {
	person, err := p.id()
	if err != nil {
		return "", "", err
	}
	photo, ok := idem.ParseID(p.PhotoID)
	if !ok {
		return "", "", idem.ErrPhotoNotFound
	}
	return person, idem.PhotoID(photo), nil
}

type defaultBody struct {
	Default bool `json:"default" doc:"true; a person with photos always has a default, so make another one it instead of sending false."`
}

type changePhotoIn struct {
	PhotoPath
	Body defaultBody
}

type photoOut struct{ Body Photo }

func (s *server) changePhoto(ctx context.Context, p idem.Principal, in *changePhotoIn) (*photoOut, error) {
	person, photo, err := in.ids()
	if err != nil {
		return nil, err
	}
	if !in.Body.Default {
		return nil, idem.ErrDefaultRequired.At("default")
	}
	f, err := s.registry.SetDefaultPhoto(ctx, p, person, photo)
	return &photoOut{photoOf(f)}, err
}

func (s *server) removePhoto(ctx context.Context, p idem.Principal, in *PhotoPath) (*none, error) {
	person, photo, err := in.ids()
	if err != nil {
		return nil, err
	}
	return &none{}, s.registry.RemovePhoto(ctx, p, person, photo)
}

// imageOut is a picture; no cache may keep it.
type imageOut struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Disposition  string `header:"Content-Disposition"`
	Body         []byte
}

func (s *server) getPhotoImage(ctx context.Context, p idem.Principal, in *PhotoPath) (*imageOut, error) {
	person, photo, err := in.ids()
	if err != nil {
		return nil, err
	}
	data, mime, err := s.registry.PhotoImage(ctx, p, person, photo)
	return &imageOut{ContentType: mime, CacheControl: "private, no-store", Disposition: "inline", Body: data}, err
}

// imageResponse documents the answer: huma would describe it as JSON.
func imageResponse() *huma.Response {
	content := map[string]*huma.MediaType{}
	for _, mime := range []string{"image/jpeg", "image/png", "image/webp"} {
		content[mime] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	return &huma.Response{Description: "The picture, without metadata.", Content: content}
}
