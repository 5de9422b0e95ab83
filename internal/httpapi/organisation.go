package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/idem-id/idem"
)

// Organisation is the tenant that a key belongs to.
type Organisation struct {
	ID        string    `json:"id" format:"uuid"`
	Name      string    `json:"name"`
	Settings  Settings  `json:"settings"`
	CreatedAt time.Time `json:"created_at"`
	Version   int64     `json:"version" doc:"Counts the changes; also the ETag."`
}

// Settings are the organisation's choices.
type Settings struct {
	FaceUniqueness string  `json:"face_uniqueness" enum:"off,flag,reject" doc:"What a new photo of a known face leads to: nothing is searched, the persons are named, or the photo is refused."`
	DuplicateFMR   float64 `json:"duplicate_fmr" doc:"From the score of this false match rate on, a face is the same."`
	SimilarFMR     float64 `json:"similar_fmr" doc:"From the score of this false match rate on, a face is similar."`
	MatchFMR       float64 `json:"match_fmr" doc:"From the score of this false match rate on, two faces that are compared match."`
	Country        string  `json:"country" doc:"ISO 3166-1 alpha-2; decides how personal numbers are checked. Empty for no check."`
	PhonePrefix    string  `json:"phone_prefix" doc:"The country calling code that ten-digit numbers get."`
	MaxPhotos      int     `json:"max_photos" doc:"How many photos one person may have."`
	CodesPerHour   int     `json:"codes_per_hour" doc:"How many codes document providers are asked to send within an hour."`
}

func organisationOf(o idem.Organisation) Organisation {
	s := o.Settings
	return Organisation{ID: string(o.ID), Name: o.Name, CreatedAt: o.CreatedAt, Version: o.Version, Settings: Settings{
		FaceUniqueness: string(s.FaceUniqueness), DuplicateFMR: s.DuplicateFMR, SimilarFMR: s.SimilarFMR, MatchFMR: s.MatchFMR,
		Country: s.Country, PhonePrefix: s.PhonePrefix, MaxPhotos: s.MaxPhotos, CodesPerHour: s.CodesPerHour,
	}}
}

type organisationOut struct {
	ETag string `header:"ETag" doc:"The version; for If-Match."`
	Body Organisation
}

func organisationAnswer(o idem.Organisation, err error) (*organisationOut, error) {
	if err != nil {
		return nil, err
	}
	return &organisationOut{ETag: etag(o.Version), Body: organisationOf(o)}, nil
}

func (s *server) getOrganisation(ctx context.Context, p idem.Principal, _ *struct{}) (*organisationOut, error) {
	return organisationAnswer(s.access.Organisation(ctx, p))
}

// organisationChange changes what is given and leaves the rest.
type organisationChange struct {
	Name     *string         `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Settings *settingsChange `json:"settings,omitempty"`
}

type settingsChange struct {
	FaceUniqueness *string  `json:"face_uniqueness,omitempty" enum:"off,flag,reject"`
	DuplicateFMR   *float64 `json:"duplicate_fmr,omitempty" minimum:"1e-6" maximum:"1e-2"`
	SimilarFMR     *float64 `json:"similar_fmr,omitempty" minimum:"1e-6" maximum:"1e-2"`
	MatchFMR       *float64 `json:"match_fmr,omitempty" minimum:"1e-6" maximum:"1e-2"`
	Country        *string  `json:"country,omitempty" maxLength:"2"`
	PhonePrefix    *string  `json:"phone_prefix,omitempty" minLength:"1" maxLength:"3"`
	MaxPhotos      *int     `json:"max_photos,omitempty" minimum:"1" maximum:"1000"`
	CodesPerHour   *int     `json:"codes_per_hour,omitempty" minimum:"1" maximum:"100000"`
}

func (c organisationChange) apply(o *idem.Organisation) {
	assign(&o.Name, c.Name)
	if c.Settings == nil {
		return
	}
	if c.Settings.FaceUniqueness != nil {
		o.Settings.FaceUniqueness = idem.FaceUniqueness(*c.Settings.FaceUniqueness)
	}
	assign(&o.Settings.DuplicateFMR, c.Settings.DuplicateFMR)
	assign(&o.Settings.SimilarFMR, c.Settings.SimilarFMR)
	assign(&o.Settings.MatchFMR, c.Settings.MatchFMR)
	assign(&o.Settings.Country, c.Settings.Country)
	assign(&o.Settings.PhonePrefix, c.Settings.PhonePrefix)
	assign(&o.Settings.MaxPhotos, c.Settings.MaxPhotos)
	assign(&o.Settings.CodesPerHour, c.Settings.CodesPerHour)
}

func assign[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

type changeOrganisationIn struct {
	IfMatch
	Body organisationChange
}

func (s *server) changeOrganisation(ctx context.Context, p idem.Principal, in *changeOrganisationIn) (*organisationOut, error) {
	version, err := in.expected()
	if err != nil {
		return nil, err
	}
	o, err := s.access.ChangeOrganisation(ctx, p, version, in.Body.apply)
	return organisationAnswer(o, ofSettings(err))
}

// ofSettings puts a setting's fault where the setting is in the body.
func ofSettings(err error) error {
	if e := (*idem.Error)(nil); errors.As(err, &e) && e.Field != "" && e.Field != "name" {
		return e.At("settings." + e.Field)
	}
	return err
}
