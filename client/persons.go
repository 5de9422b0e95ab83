package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Person is an individual known to the organisation.
type Person struct {
	ID             string     `json:"id"`
	Verified       bool       `json:"verified"`
	Source         string     `json:"source"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	DeletedAt      *time.Time `json:"deleted_at"` // nil while live
	ErasedAt       *time.Time `json:"erased_at"`  // nil unless the data was destroyed
	Version        int64      `json:"version"`    // for IfVersion
	DefaultPhotoID *string    `json:"default_photo_id"`
	Aliases        []Alias    `json:"aliases"`
	Photos         []Photo    `json:"photos"`
}

// CreatedPerson is a new or restored person with the persons whose faces are
// similar, best first.
type CreatedPerson struct {
	Person
	SimilarPersons []Similar `json:"similar_persons"`
}

// Similar is another person with a similar face. Score is a cosine, -1..1; FMR
// the false match rate of a threshold there.
type Similar struct {
	PersonID  string  `json:"person_id"`
	PhotoID   string  `json:"photo_id"`
	Score     float64 `json:"score"`
	FMR       float64 `json:"fmr"`
	Duplicate bool    `json:"duplicate"`
}

// Alias is one identifier of a person.
type Alias struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Value     string    `json:"value"`
	Source    string    `json:"source"`
	CreatedAt time.Time `json:"created_at"`
}

// NewAlias asks for an alias. In a search an empty Type stands for all types.
type NewAlias struct {
	Type  string `json:"type,omitempty"`
	Value string `json:"value"`
}

// The types of aliases.
const (
	AliasSystemID       = "SYSTEM_ID"
	AliasPhone          = "PHONE"
	AliasPersonalNumber = "PERSONAL_NUMBER"
	AliasDocumentNumber = "DOCUMENT_NUMBER"
	AliasCustom         = "CUSTOM"
)

// Photo is a stored picture of a person.
type Photo struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Default   bool      `json:"default"`
	MIME      string    `json:"mime"`
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	Bytes     int       `json:"bytes"`
	FaceCode  string    `json:"face_code"`
	Quality   float64   `json:"quality"` // 0..100
	Source    string    `json:"source"`
	CreatedAt time.Time `json:"created_at"`
	ImageURL  string    `json:"image_url"`
}

// AddedPhoto is a new photo with the persons whose faces are similar.
type AddedPhoto struct {
	Photo
	SimilarPersons []Similar `json:"similar_persons"`
}

// The types of photos.
const (
	PhotoDigital = "digital"
	PhotoScan    = "scan"
	PhotoLive    = "live"
	PhotoOther   = "other"
)

// NewPerson asks for a person. Image is JPEG, PNG, WebP or HEIC, at most 10 MiB.
type NewPerson struct {
	Image     []byte
	PhotoType string
	Verified  bool
	Aliases   []NewAlias
}

// CreatePerson makes a person.
func (c *Client) CreatePerson(ctx context.Context, n NewPerson) (CreatedPerson, error) {
	k, err := withForm(call{method: http.MethodPost, path: "/v1/persons", creates: true}, map[string]any{
		"image": n.Image, "photo_type": n.PhotoType, "verified": n.Verified, "aliases": n.Aliases})
	return answerOf[CreatedPerson](ctx, c, k, err)
}

// Person reads a person, also a deleted or erased one.
func (c *Client) Person(ctx context.Context, id string) (Person, error) {
	return answerOf[Person](ctx, c, get(personPath(id), nil), nil)
}

func personPath(id string, more ...string) string {
	path := "/v1/persons/" + url.PathEscape(id)
	for _, part := range more {
		path += "/" + part
	}
	return path
}

// PersonsQuery narrows a list of persons; zero fields do not narrow.
type PersonsQuery struct {
	State       string // active (default), deleted, all
	Verified    *bool
	Source      string
	PhotoType   string
	HasPhoto    *bool
	CreatedFrom time.Time
	CreatedTo   time.Time
	UpdatedFrom time.Time
	UpdatedTo   time.Time
	Order       string // newest (default), oldest, updated
	PageSize    int    // 1..100
}

func (q PersonsQuery) values() url.Values {
	v := url.Values{}
	set(v, "state", q.State)
	set(v, "source", q.Source)
	set(v, "photo_type", q.PhotoType)
	set(v, "order", q.Order)
	setFlag(v, "verified", q.Verified)
	setFlag(v, "has_photo", q.HasPhoto)
	setTime(v, "created_from", q.CreatedFrom)
	setTime(v, "created_to", q.CreatedTo)
	setTime(v, "updated_from", q.UpdatedFrom)
	setTime(v, "updated_to", q.UpdatedTo)
	setSize(v, q.PageSize)
	return v
}

func set(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func setFlag(v url.Values, name string, value *bool) {
	if value != nil {
		v.Set(name, strconv.FormatBool(*value))
	}
}

func setTime(v url.Values, name string, value time.Time) {
	if !value.IsZero() {
		v.Set(name, value.UTC().Format(time.RFC3339Nano))
	}
}

func setSize(v url.Values, size int) {
	if size > 0 {
		v.Set("limit", strconv.Itoa(size))
	}
}

// Persons walks over all persons that fit the query.
func (c *Client) Persons(ctx context.Context, q PersonsQuery) iter.Seq2[Person, error] {
	return walk[Person](ctx, c, "/v1/persons", q.values())
}

// Found is the answer to a search by aliases. Match is none, one or many.
type Found struct {
	PersonIDs []string `json:"person_ids"`
	Match     string   `json:"match"`
}

// FindPersons returns the live persons that own any of the aliases.
func (c *Client) FindPersons(ctx context.Context, aliases ...NewAlias) (Found, error) {
	k, err := call{method: http.MethodPost, path: "/v1/persons/search", safe: true}.withJSON(map[string]any{"aliases": aliases})
	return answerOf[Found](ctx, c, k, err)
}

// SetVerified sets whether the identity is confirmed. With ifVersion not nil it
// is refused with VERSION_MISMATCH when the person was changed meanwhile.
func (c *Client) SetVerified(ctx context.Context, id string, verified bool, ifVersion *int64) (Person, error) {
	k, err := call{method: http.MethodPatch, path: personPath(id), header: ifMatch(ifVersion)}.withJSON(map[string]any{"verified": verified})
	return answerOf[Person](ctx, c, k, err)
}

func ifMatch(version *int64) http.Header {
	if version == nil {
		return nil
	}
	return http.Header{"If-Match": {fmt.Sprintf("%q", strconv.FormatInt(*version, 10))}}
}

// DeletePerson hides a person; RestorePerson brings it back.
func (c *Client) DeletePerson(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: personPath(id)}, nil)
}

// RestorePerson makes a deleted person live again.
func (c *Client) RestorePerson(ctx context.Context, id string) (CreatedPerson, error) {
	return answerOf[CreatedPerson](ctx, c, call{method: http.MethodPost, path: personPath(id, "restore"), creates: true}, nil)
}

// Erasure is the receipt of an erasure.
type Erasure struct {
	PersonID   string    `json:"person_id"`
	ErasedAt   time.Time `json:"erased_at"`
	Reason     string    `json:"reason"`
	Photos     int       `json:"photos"`
	Aliases    int       `json:"aliases"`
	Templates  int       `json:"templates"`
	ActionSeq  int64     `json:"action_seq"`
	ActionHash string    `json:"action_hash"` // 32 bytes in hex
}

// ErasePerson destroys a person's data for ever.
func (c *Client) ErasePerson(ctx context.Context, id, reason string) (Erasure, error) {
	k, err := call{method: http.MethodPost, path: personPath(id, "erase"), creates: true}.withJSON(map[string]any{"reason": reason})
	return answerOf[Erasure](ctx, c, k, err)
}

// AddAlias gives a person an alias; one that it has already is returned.
func (c *Client) AddAlias(ctx context.Context, person string, a NewAlias) (Alias, error) {
	k, err := call{method: http.MethodPost, path: personPath(person, "aliases"), creates: true}.withJSON(a)
	return answerOf[Alias](ctx, c, k, err)
}

// ChangeAlias replaces an alias's value.
func (c *Client) ChangeAlias(ctx context.Context, person, alias, value string) (Alias, error) {
	k, err := call{method: http.MethodPatch, path: personPath(person, "aliases", url.PathEscape(alias))}.withJSON(map[string]any{"value": value})
	return answerOf[Alias](ctx, c, k, err)
}

// RemoveAlias takes an alias from a person.
func (c *Client) RemoveAlias(ctx context.Context, person, alias string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: personPath(person, "aliases", url.PathEscape(alias))}, nil)
}

// AddPhoto gives a person a photo.
func (c *Client) AddPhoto(ctx context.Context, person string, image []byte, photoType string) (AddedPhoto, error) {
	k, err := withForm(call{method: http.MethodPost, path: personPath(person, "photos"), creates: true},
		map[string]any{"image": image, "photo_type": photoType})
	return answerOf[AddedPhoto](ctx, c, k, err)
}

// SetDefaultPhoto makes a photo the default.
func (c *Client) SetDefaultPhoto(ctx context.Context, person, photo string) (Photo, error) {
	k, err := call{method: http.MethodPatch, path: personPath(person, "photos", url.PathEscape(photo))}.withJSON(map[string]any{"default": true})
	return answerOf[Photo](ctx, c, k, err)
}

// RemovePhoto takes a photo from a person.
func (c *Client) RemovePhoto(ctx context.Context, person, photo string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: personPath(person, "photos", url.PathEscape(photo))}, nil)
}

// PhotoImage returns a photo's picture and its media type.
func (c *Client) PhotoImage(ctx context.Context, person, photo string) (image []byte, mime string, err error) {
	image, header, err := c.send(ctx, get(personPath(person, "photos", url.PathEscape(photo), "image"), nil))
	return image, header.Get("Content-Type"), err
}

// Action is one entry of the audit.
type Action struct {
	Seq        int64          `json:"seq"`
	PersonID   string         `json:"person_id"`
	Type       string         `json:"type"`
	Source     string         `json:"source"`
	KeyID      string         `json:"key_id"`
	OperatorID string         `json:"operator_id"`
	SessionID  string         `json:"session_id"`
	At         time.Time      `json:"at"`
	Details    map[string]any `json:"details"`
	Hash       string         `json:"hash"` // 32 bytes in hex
}

// ActionsQuery narrows the actions of a person; zero fields do not narrow.
type ActionsQuery struct {
	Type     string
	Source   string
	Operator string
	From, To time.Time
	PageSize int // 1..100
}

// Actions walks over what happened to a person, newest first.
func (c *Client) Actions(ctx context.Context, person string, q ActionsQuery) iter.Seq2[Action, error] {
	v := url.Values{}
	set(v, "type", q.Type)
	set(v, "source", q.Source)
	set(v, "operator_id", q.Operator)
	setTime(v, "from", q.From)
	setTime(v, "to", q.To)
	setSize(v, q.PageSize)
	return walk[Action](ctx, c, personPath(person, "actions"), v)
}

// answerOf makes a call that was built without an error.
func answerOf[T any](ctx context.Context, c *Client, k call, err error) (T, error) {
	var out T
	if err != nil {
		return out, err
	}
	err = c.do(ctx, k, &out)
	return out, err
}
