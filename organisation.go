package idem

import (
	"strings"
	"time"
)

// Organisation is the tenant. Nothing crosses from one to another.
type Organisation struct {
	ID        OrgID
	Name      string
	Settings  Settings
	CreatedAt time.Time
	Version   int64
}

// FaceUniqueness says what a new photo of an already known face leads to.
type FaceUniqueness string

// The settings of FaceUniqueness. Flag names the similar persons and accepts;
// Reject refuses the photo; Off does not search.
const (
	UniquenessOff    FaceUniqueness = "off"
	UniquenessFlag   FaceUniqueness = "flag"
	UniquenessReject FaceUniqueness = "reject"
)

// Settings are an organisation's choices. Rates are false match rates per
// comparison, in 1e-6..1e-2, because a rate survives a change of the model.
type Settings struct {
	FaceUniqueness FaceUniqueness
	// DuplicateFMR: a score that stands for this rate or a rarer one is a duplicate.
	DuplicateFMR float64
	// SimilarFMR: a score between this rate and DuplicateFMR is reported as similar.
	SimilarFMR float64
	// MatchFMR: two faces that are compared with each other match from the
	// score of this rate on.
	MatchFMR float64
	// Country is the ISO 3166-1 alpha-2 code that decides how personal numbers
	// are checked; empty means no national check.
	Country string
	// PhonePrefix is the country calling code, digits only, given to ten-digit
	// national numbers.
	PhonePrefix string
	// MaxPhotos bounds the photos of one person, 1..1000.
	MaxPhotos int
	// CodesPerHour bounds the codes that document providers are asked to send
	// to anybody within an hour, 1..100000.
	CodesPerHour int
}

// DefaultSettings returns the settings of a new organisation.
func DefaultSettings() Settings {
	return Settings{
		FaceUniqueness: UniquenessFlag,
		DuplicateFMR:   1e-6,
		SimilarFMR:     1e-4,
		MatchFMR:       1e-4,
		PhonePrefix:    "7",
		MaxPhotos:      50,
		CodesPerHour:   300,
	}
}

// Validate reports the first setting that is out of range, as an Invalid error
// of code VALIDATION_FAILED that names the field.
func (s Settings) Validate() error {
	fault := Errorf(Unprocessable, "VALIDATION_FAILED", "the setting is out of range")
	switch {
	case s.FaceUniqueness != UniquenessOff && s.FaceUniqueness != UniquenessFlag && s.FaceUniqueness != UniquenessReject:
		return fault.At("face_uniqueness")
	case !calibrated(s.DuplicateFMR):
		return fault.At("duplicate_fmr")
	case !calibrated(s.SimilarFMR) || s.SimilarFMR < s.DuplicateFMR:
		return fault.At("similar_fmr")
	case !calibrated(s.MatchFMR):
		return fault.At("match_fmr")
	case s.Country != "" && !isCountry(s.Country):
		return fault.At("country")
	case !isDigits(s.PhonePrefix) || len(s.PhonePrefix) > 3:
		return fault.At("phone_prefix")
	case s.MaxPhotos < 1 || s.MaxPhotos > 1000:
		return fault.At("max_photos")
	case s.CodesPerHour < 1 || s.CodesPerHour > 100_000:
		return fault.At("codes_per_hour")
	}
	return nil
}

func calibrated(fmr float64) bool { return fmr >= 1e-6 && fmr <= 1e-2 }

func isCountry(s string) bool {
	return len(s) == 2 && strings.ToUpper(s) == s && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
