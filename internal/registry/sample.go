package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/match"
)

// notAnalysed is the face code of a photo that no engine has seen.
const notAnalysed = "NOT_ANALYSED"

// portrait is an uploaded picture made ready for storage, with what the face
// engine found in it.
type portrait struct {
	kind          idem.PhotoType
	data          []byte // without metadata
	mime          string
	width, height int
	findings
}

// findings is what is kept of an analysis.
type findings struct {
	code     string
	faces    int
	quality  float64
	usable   bool // template can be compared and enters the gallery
	template match.Template
}

// take decodes an upload, strips its metadata and analyses its face as the
// organisation's settings demand.
func (r *Registry) take(ctx context.Context, u Upload, uniqueness idem.FaceUniqueness) (*portrait, error) {
	if _, err := idem.ParsePhotoType(string(u.Type)); err != nil {
		return nil, err
	}
	pic, stored, err := r.pictures.Intake(ctx, u.Image)
	if err != nil {
		return nil, fmt.Errorf("take in photo: %w", err)
	}
	found, err := r.find(ctx, pic.Image, uniqueness)
	if err != nil {
		return nil, err
	}
	return &portrait{
		kind: u.Type, data: stored.Data, mime: stored.Format.MIME(),
		width: pic.Width, height: pic.Height, findings: found,
	}, nil
}

// find analyses a picture. Without an engine a photo is still stored while the
// organisation does not ask whether its face is known; and only one that
// refuses known faces insists on a usable one.
func (r *Registry) find(ctx context.Context, img image.Image, uniqueness idem.FaceUniqueness) (findings, error) {
	a, err := r.engine.Analyse(ctx, img, face.WantTemplate)
	if err != nil {
		if uniqueness == idem.UniquenessOff && idem.CodeOf(err) == face.ErrUnavailable.Code {
			return findings{code: notAnalysed}, nil
		}
		return findings{}, fmt.Errorf("analyse photo: %w", err)
	}
	out := findingsOf(a)
	if !out.usable && uniqueness == idem.UniquenessReject {
		return findings{}, idem.Errorf(ErrFaceRequired.Kind, out.code, "%s", ErrFaceRequired.Message)
	}
	return out, nil
}

func findingsOf(a face.Analysis) findings {
	out := findings{code: string(a.Code), faces: a.Faces}
	if a.Primary == nil {
		return out
	}
	out.quality = a.Primary.Quality.Score
	if a.Usable() && a.Primary.Template != nil {
		out.template, out.usable = *a.Primary.Template, true
	}
	return out
}

// photo is the row of a portrait that belongs to the person.
func (p *portrait) photo(id idem.PhotoID, person idem.PersonID, blob idem.BlobRef, source idem.Source, at time.Time) idem.Photo {
	return idem.Photo{
		ID: id, Person: person, Type: p.kind, Blob: blob,
		Digest: sha256.Sum256(p.data), MIME: p.mime, Width: p.width, Height: p.height, Bytes: len(p.data),
		FaceCode: p.code, Quality: p.quality, Source: source, CreatedAt: at,
	}
}

// fieldPhoto is the input field that refusals of a picture name; each edge has
// its own name for it.
const fieldPhoto = "photo"

// ofPhoto names the picture as the cause of a refusal that names no field.
func ofPhoto(err error) error {
	e := (*idem.Error)(nil)
	if !errors.As(err, &e) || e.Field != "" || e.Kind == idem.Unavailable || e.Kind == idem.Internal {
		return err
	}
	return e.At(fieldPhoto)
}
