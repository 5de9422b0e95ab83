package httpapi

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// Person is an individual as the native API shows it.
type Person struct {
	ID             string     `json:"id" format:"uuid" doc:"UUIDv7; also the value of the SYSTEM_ID alias."`
	Verified       bool       `json:"verified" doc:"Whether the identity was confirmed."`
	Source         string     `json:"source" enum:"API,CABINET,FLOW" doc:"The channel that created the person."`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	DeletedAt      *time.Time `json:"deleted_at" doc:"null while the person is live."`
	ErasedAt       *time.Time `json:"erased_at" doc:"null unless the data was destroyed for ever."`
	Version        int64      `json:"version" doc:"Counts the changes; also the ETag."`
	DefaultPhotoID *string    `json:"default_photo_id"`
	Aliases        []Alias    `json:"aliases" nullable:"false"`
	Photos         []Photo    `json:"photos" nullable:"false"`
}

// CreatedPerson is a new person with the persons whose faces are similar.
type CreatedPerson struct {
	Person
	SimilarPersons []Similar `json:"similar_persons" nullable:"false" doc:"Live persons whose face resembles the new one, best first; empty when the organisation does not search."`
}

// Similar is another person with a similar face.
type Similar struct {
	PersonID  string  `json:"person_id" format:"uuid"`
	PhotoID   string  `json:"photo_id" format:"uuid" doc:"The photo that compared best."`
	Score     float64 `json:"score" doc:"Cosine of the two templates, -1 to 1."`
	FMR       float64 `json:"fmr" doc:"The false match rate of a threshold at this score."`
	Duplicate bool    `json:"duplicate" doc:"Whether the organisation's settings take it for the same face."`
}

func (p Person) location() string { return "/v1/persons/" + p.ID }
func (p Person) version() int64   { return p.Version }

func personOf(v registry.View) Person {
	p := Person{
		ID: string(v.Person.ID), Verified: v.Person.Verified, Source: string(v.Person.CreatedSource),
		CreatedAt: v.Person.CreatedAt, UpdatedAt: v.Person.UpdatedAt, DeletedAt: instant(v.Person.DeletedAt),
		ErasedAt: instant(v.Person.ErasedAt), Version: v.Person.Version, Aliases: aliasesOf(v.Aliases), Photos: photosOf(v.Photos),
	}
	if d := v.DefaultPhoto(); d != nil {
		id := string(d.ID)
		p.DefaultPhotoID = &id
	}
	return p
}

func similarOf(list []registry.Similar) []Similar {
	out := make([]Similar, len(list))
	for i, m := range list {
		out[i] = Similar{PersonID: string(m.Person), PhotoID: string(m.Photo), Score: m.Score, FMR: m.FMR, Duplicate: m.Duplicate}
	}
	return out
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// PersonPath is the input of routes below one person.
type PersonPath struct {
	PersonID string `path:"person_id" doc:"The person." example:"01994a5e-7c1b-7d4e-9a51-0d7c6f2f5b1e"`
}

// id reads the identifier. A text that is none names nobody.
func (p PersonPath) id() (idem.PersonID, error) {
	id, ok := idem.ParseID(p.PersonID)
	if !ok {
		return "", idem.ErrPersonNotFound
	}
	return idem.PersonID(id), nil
}

// IfMatch is the input of conditional changes.
type IfMatch struct {
	Tag string `header:"If-Match" doc:"The ETag of the state that the change is meant for." example:"\"3\""`
}

var errIfMatch = idem.Errorf(idem.Invalid, "IF_MATCH_INVALID", "If-Match takes one strong entity tag, or *").At("header.If-Match")

// expected returns the version asked for, nil for any.
func (m IfMatch) expected() (*int64, error) {
	text := strings.TrimSpace(m.Tag)
	if text == "" || text == "*" {
		return nil, nil
	}
	version, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
	if err != nil || text != etag(version) {
		return nil, errIfMatch
	}
	return &version, nil
}

const createPersonText = `The photo is stored under the person's own key and its face compared with those of all persons, as the
organisation's setting face_uniqueness says: off does not search, flag names the similar persons in the answer, reject
refuses a known face with FACE_ALREADY_KNOWN. Spends one unit of the PERSONS subscription.`

// newPersonBody asks for a new person.
type newPersonBody struct {
	Image     Image       `json:"image"`
	PhotoType string      `json:"photo_type" enum:"digital,scan,live,other" doc:"Where the photo comes from; any letter case."`
	Verified  bool        `json:"verified,omitempty" doc:"Whether the identity is confirmed already; false by default."`
	Aliases   []aliasBody `json:"aliases,omitempty" maxItems:"100"`
}

type createPersonIn struct{ body newPersonBody }

func (in *createPersonIn) content(ctx context.Context) (any, error) {
	if err := readPicture(ctx, &in.body); err != nil {
		return nil, err
	}
	return in.body, needPhoto(in.body.Image, in.body.PhotoType)
}

func needPhoto(image Image, photoType string) error {
	switch {
	case len(image) == 0:
		return missing("image")
	case photoType == "":
		return missing("photo_type")
	}
	return nil
}

func (s *server) createPerson(ctx context.Context, p idem.Principal, in *createPersonIn, c claim[CreatedPerson]) (answer[CreatedPerson], error) {
	photo, err := uploadOf(in.body.Image, in.body.PhotoType)
	if err != nil {
		return answer[CreatedPerson]{}, err
	}
	aliases, err := aliasInputs(in.body.Aliases)
	if err != nil {
		return answer[CreatedPerson]{}, err
	}
	n := registry.NewPerson{Photo: photo, Verified: in.body.Verified, Aliases: aliases}
	view, similar, err := s.registry.Create(ctx, p, n, func(ctx context.Context, tx store.Tx, done registry.Created) error {
		return c.remember(ctx, tx, createdOf(done.View, done.Similar))
	})
	return createdOf(view, similar), ofImage(err)
}

func createdOf(v registry.View, similar []registry.Similar) answer[CreatedPerson] {
	return answer[CreatedPerson]{http.StatusCreated, CreatedPerson{personOf(v), similarOf(similar)}}
}

// ofImage gives a picture's member the name that it has here.
func ofImage(err error) error {
	e := (*idem.Error)(nil)
	if !errors.As(err, &e) {
		return err
	}
	switch e.Field {
	case "photo":
		return e.At("image")
	case "reference":
		return e.At("reference_image")
	}
	return err
}

// personOut is one person with its entity tag.
type personOut struct {
	ETag string `header:"ETag" doc:"The version; for If-Match."`
	Body Person
}

func personAnswer(v registry.View, err error) (*personOut, error) {
	if err != nil {
		return nil, err
	}
	return &personOut{ETag: etag(v.Person.Version), Body: personOf(v)}, nil
}

func (s *server) getPerson(ctx context.Context, p idem.Principal, in *PersonPath) (*personOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return personAnswer(s.registry.Get(ctx, p, id))
}

// PersonFilter narrows the list of persons.
type PersonFilter struct {
	State       string    `query:"state" enum:"active,deleted,all" default:"active" doc:"active by default; erased persons count as deleted."`
	Verified    string    `query:"verified" enum:"true,false" doc:"Only persons whose flag is this."`
	Source      string    `query:"source" enum:"API,CABINET,FLOW" doc:"The channel that created the person."`
	PhotoType   string    `query:"photo_type" enum:"digital,scan,live,other" doc:"Persons with a photo of this type."`
	HasPhoto    string    `query:"has_photo" enum:"true,false"`
	CreatedFrom time.Time `query:"created_from" doc:"Inclusive."`
	CreatedTo   time.Time `query:"created_to" doc:"Exclusive."`
	UpdatedFrom time.Time `query:"updated_from" doc:"Inclusive."`
	UpdatedTo   time.Time `query:"updated_to" doc:"Exclusive."`
	Order       string    `query:"order" enum:"newest,oldest,updated" default:"newest" doc:"newest by default; updated: last changed first."`
}

func (f PersonFilter) query() registry.Query {
	q := store.PersonQuery{
		Verified: flag(f.Verified), Source: idem.Source(f.Source), HasPhoto: flag(f.HasPhoto),
		PhotoType: idem.PhotoType(strings.ToUpper(f.PhotoType)), CreatedFrom: f.CreatedFrom, CreatedTo: f.CreatedTo,
		UpdatedFrom: f.UpdatedFrom, UpdatedTo: f.UpdatedTo, OldestFirst: f.Order == "oldest", ByUpdateTime: f.Order == "updated",
	}
	if f.State != "active" {
		q.State = store.PersonState(f.State)
	}
	return registry.Query{PersonQuery: q}
}

func flag(text string) *bool {
	if text == "" {
		return nil
	}
	on := text == "true"
	return &on
}

type listPersonsIn struct {
	Paging
	PersonFilter
}

type personsOut struct{ Body Page[Person] }

func (s *server) listPersons(ctx context.Context, p idem.Principal, in *listPersonsIn) (*personsOut, error) {
	page, err := in.page(in.PersonFilter)
	if err != nil {
		return nil, err
	}
	views, next, _, err := s.registry.List(ctx, p, in.query(), page)
	if err != nil {
		return nil, cursorFault(err)
	}
	data := make([]Person, len(views))
	for i, v := range views {
		data[i] = personOf(v)
	}
	return &personsOut{newPage(data, next, in.PersonFilter)}, nil
}

type verifiedBody struct {
	Verified bool `json:"verified"`
}

type changePersonIn struct {
	PersonPath
	IfMatch
	Body verifiedBody
}

func (s *server) changePerson(ctx context.Context, p idem.Principal, in *changePersonIn) (*personOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := in.expected()
	if err != nil {
		return nil, err
	}
	return personAnswer(s.registry.SetVerified(ctx, p, id, in.Body.Verified, version))
}

func (s *server) deletePerson(ctx context.Context, p idem.Principal, in *PersonPath) (*none, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return &none{}, s.registry.Delete(ctx, p, id)
}

type restorePersonIn struct{ PersonPath }

func (in *restorePersonIn) content(context.Context) (any, error) { return nil, nil }

func (s *server) restorePerson(ctx context.Context, p idem.Principal, in *restorePersonIn, c claim[CreatedPerson]) (answer[CreatedPerson], error) {
	id, err := in.id()
	if err != nil {
		return answer[CreatedPerson]{}, err
	}
	view, similar, err := s.registry.Restore(ctx, p, id, func(ctx context.Context, tx store.Tx, done registry.Created) error {
		return c.remember(ctx, tx, restoredOf(done.View, done.Similar))
	})
	return restoredOf(view, similar), err
}

func restoredOf(v registry.View, similar []registry.Similar) answer[CreatedPerson] {
	a := createdOf(v, similar)
	a.status = http.StatusOK
	return a
}

const eraseText = `Destroys the person's data key and deletes photos, aliases and templates. Nobody can undo it, and no backup
brings the data back. Actions stay: they hold identifiers, flags and masked values only. The answer is a receipt that
names the action which proves it.`

type eraseBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why; it stays in the audit for ever, so name no personal data."`
}

// Erasure is the receipt of an erasure.
type Erasure struct {
	PersonID   string    `json:"person_id" format:"uuid"`
	ErasedAt   time.Time `json:"erased_at"`
	Reason     string    `json:"reason"`
	Photos     int       `json:"photos" doc:"How many were destroyed."`
	Aliases    int       `json:"aliases"`
	Templates  int       `json:"templates"`
	ActionSeq  int64     `json:"action_seq" doc:"The action that proves it."`
	ActionHash string    `json:"action_hash" doc:"Its hash, 32 bytes in hex."`
}

type erasePersonIn struct {
	PersonPath
	Body eraseBody
}

func (in *erasePersonIn) content(context.Context) (any, error) { return in.Body, nil }

func (s *server) erasePerson(ctx context.Context, p idem.Principal, in *erasePersonIn, _ claim[Erasure]) (answer[Erasure], error) {
	id, err := in.id()
	if err != nil {
		return answer[Erasure]{}, err
	}
	e, err := s.registry.Erase(ctx, p, id, in.Body.Reason)
	return answer[Erasure]{http.StatusOK, Erasure{
		PersonID: string(e.Person), ErasedAt: e.At, Reason: e.Reason, Photos: e.Photos, Aliases: e.Aliases, Templates: e.Entries,
		ActionSeq: e.Seq, ActionHash: hex.EncodeToString(e.Hash[:]),
	}}, err
}
