package idem

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// PhotoType says where a photo comes from, which decides how far it is trusted.
type PhotoType string

// The photo types, best first: the portrait of a chip or electronic document,
// the portrait cropped from a scanned document, a liveness frame, an upload.
const (
	PhotoDigital PhotoType = "DIGITAL"
	PhotoScan    PhotoType = "SCAN"
	PhotoLive    PhotoType = "LIVE"
	PhotoOther   PhotoType = "OTHER"
)

// ParsePhotoType reads a type in any letter case.
func ParsePhotoType(text string) (PhotoType, error) {
	switch t := PhotoType(strings.ToUpper(text)); t {
	case PhotoDigital, PhotoScan, PhotoLive, PhotoOther:
		return t, nil
	}
	return "", Errorf(Unprocessable, "VALIDATION_FAILED", "photo_type is one of digital, scan, live, other").At("photo_type")
}

// Priority is 1 for the most trusted type and 4 for the least.
func (t PhotoType) Priority() int {
	return slices.Index([]PhotoType{PhotoDigital, PhotoScan, PhotoLive, PhotoOther}, t) + 1
}

// Photo is a stored picture of a person. While a person has photos, exactly one
// of them is the default.
type Photo struct {
	ID        PhotoID
	Person    PersonID
	Type      PhotoType
	Default   bool
	Blob      BlobRef
	Digest    [32]byte // SHA-256 of the stored bytes
	MIME      string
	Width     int // pixels, upright
	Height    int
	Bytes     int
	FaceCode  string  // outcome of the face engine: OK, FACE_NOT_FOUND, ..., NOT_ANALYSED
	Quality   float64 // 0..100, 0 when not analysed
	EntrySeq  int64   // position of its reserve row in the gallery log, 0 without an entry
	Source    Source
	CreatedAt time.Time
}

// The refusals of photos.
var (
	ErrPhotoNotFound    = Errorf(NotFound, "PHOTO_NOT_FOUND", "no such photo")
	ErrLastDefaultPhoto = Errorf(Conflict, "LAST_DEFAULT_PHOTO", "the only photo of a person cannot be removed")
	ErrDefaultRequired  = Errorf(Conflict, "DEFAULT_REQUIRED", "a person with photos needs a default; choose another one instead")
	ErrPhotoLimit       = Errorf(Conflict, "PHOTO_LIMIT", "the person has as many photos as are allowed")
	ErrFaceKnown        = Errorf(Conflict, "FACE_ALREADY_KNOWN", "the face belongs to another person")
)

// DefaultAfterAdding returns which photo is the default once added joined
// present: the current default stays unless a newcomer is strictly better than
// every photo already there. Among newcomers the best type wins, then the
// newest. It returns "" only when both lists are empty.
func DefaultAfterAdding(present, added []Photo) PhotoID {
	best := bestPhoto(added)
	if len(present) == 0 {
		return best.ID
	}
	current := currentDefault(present)
	if len(added) == 0 || best.Type.Priority() >= bestPhoto(present).Type.Priority() {
		return current.ID
	}
	return best.ID
}

// DefaultAfterRemoving returns which photo is the default once removed has
// left present. Removing the only photo is refused with ErrLastDefaultPhoto.
func DefaultAfterRemoving(present []Photo, removed PhotoID) (PhotoID, error) {
	rest := slices.DeleteFunc(slices.Clone(present), func(p Photo) bool { return p.ID == removed })
	if len(rest) == 0 {
		return "", ErrLastDefaultPhoto
	}
	if current := currentDefault(rest); current.Default {
		return current.ID, nil
	}
	return bestPhoto(rest).ID, nil
}

func currentDefault(photos []Photo) Photo {
	for _, p := range photos {
		if p.Default {
			return p
		}
	}
	return bestPhoto(photos)
}

func bestPhoto(photos []Photo) Photo {
	if len(photos) == 0 {
		return Photo{}
	}
	return slices.MinFunc(photos, func(a, b Photo) int {
		return cmp.Or(
			cmp.Compare(a.Type.Priority(), b.Type.Priority()),
			b.CreatedAt.Compare(a.CreatedAt),
			cmp.Compare(b.ID, a.ID), // UUIDv7: the greater is the newer
		)
	})
}
