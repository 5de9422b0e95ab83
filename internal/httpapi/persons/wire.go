package persons

import (
	"encoding/base64"
	stdjson "encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
)

// credential is embedded in every body: the key may stand in it.
type credential struct {
	APIKey *string `json:"api_key"`
}

// The bodies of requests. Pointers tell a member that is missing.
type (
	createBody struct {
		credential
		Image     *string     `json:"image_b64"`
		PhotoType *string     `json:"photo_type"`
		Verified  *bool       `json:"is_verified"`
		Aliases   []aliasBody `json:"aliases"`
	}
	aliasBody struct {
		Type  *string `json:"type"`
		Value *string `json:"value"`
	}
	personPatch struct {
		credential
		Verified *bool `json:"is_verified"`
	}
	emptyBody  struct{ credential }
	searchBody struct {
		credential
		Aliases []aliasBody `json:"aliases"`
	}
	addAliasBody struct {
		credential
		aliasBody
	}
	aliasPatch struct {
		credential
		Value *string `json:"value"`
	}
	addPhotoBody struct {
		credential
		Image     *string `json:"image_b64"`
		PhotoType *string `json:"photo_type"`
	}
	photoPatch struct {
		credential
		Default *bool `json:"is_default"`
	}
)

// The objects of answers.
type (
	personObject struct {
		ID             string           `json:"person_id"`
		Verified       bool             `json:"is_verified"`
		CreatedAt      string           `json:"created_at"`
		UpdatedAt      string           `json:"updated_at"`
		DeletedAt      *string          `json:"deleted_at"`
		ErasedAt       *string          `json:"erased_at,omitzero"`
		CreatedSource  string           `json:"created_source"`
		DefaultPhotoID *string          `json:"default_photo_id"`
		Aliases        []aliasObject    `json:"aliases"`
		Photos         []photoObject    `json:"photos"`
		SessionCount   int              `json:"session_count"`
		Sessions       *[]sessionObject `json:"sessions,omitzero"`
		Similar        []similarObject  `json:"similar_persons,omitempty"`
	}
	aliasObject struct {
		ID        string `json:"alias_id"`
		Type      string `json:"type"`
		Value     string `json:"value"`
		Source    string `json:"source"`
		CreatedAt string `json:"created_at"`
	}
	photoObject struct {
		ID        string          `json:"photo_id"`
		Type      string          `json:"photo_type"`
		Priority  int             `json:"priority"`
		Default   bool            `json:"is_default"`
		CreatedAt string          `json:"created_at"`
		Source    string          `json:"source"`
		URL       string          `json:"url"`
		FaceCode  string          `json:"face_code"`
		Image     string          `json:"image_b64,omitempty"`
		Similar   []similarObject `json:"similar_persons,omitempty"`
	}
	similarObject struct {
		Person    string  `json:"person_id"`
		Photo     string  `json:"photo_id"`
		Score     string  `json:"score"`
		FMR       float64 `json:"fmr"`
		Duplicate bool    `json:"duplicate"`
	}
	actionObject struct {
		ID      int64          `json:"action_id"`
		Type    string         `json:"type"`
		Source  string         `json:"source"`
		User    *string        `json:"user_id"`
		Session *string        `json:"session_id"`
		Key     *string        `json:"api_key_id"`
		At      string         `json:"at"`
		Details jsontext.Value `json:"details"`
	}
	sessionObject struct {
		ID   string `json:"session_id"`
		Role string `json:"role"`
		At   string `json:"at"`
	}
	list[T any] struct {
		Items []T     `json:"items"`
		Next  *string `json:"next_cursor"`
		Total int64   `json:"total"`
	}
	searchObject struct {
		Matches []idem.PersonID `json:"matches"`
		Match   string          `json:"match"`
	}
	batchObject struct {
		Items   []batchItem `json:"items"`
		Created int         `json:"created"`
		Failed  int         `json:"failed"`
	}
	batchItem struct {
		Index  int           `json:"index"`
		Status int           `json:"status"`
		Person *personObject `json:"person,omitzero"`
		Error  *errorMember  `json:"error,omitzero"`
	}
)

func personOf(v registry.View) personObject {
	who := v.Person
	out := personObject{
		ID: string(who.ID), Verified: who.Verified,
		CreatedAt: moment(who.CreatedAt), UpdatedAt: moment(who.UpdatedAt),
		DeletedAt: optionalMoment(who.DeletedAt), ErasedAt: optionalMoment(who.ErasedAt),
		CreatedSource: string(who.CreatedSource), SessionCount: v.SessionCount,
	}
	for _, a := range v.Aliases {
		out.Aliases = append(out.Aliases, aliasOf(a))
	}
	for _, f := range v.Photos {
		out.Photos = append(out.Photos, photoOf(f))
	}
	if f := v.DefaultPhoto(); f != nil {
		out.DefaultPhotoID = optional(string(f.ID))
	}
	return out
}

func createdOf(c registry.Created) personObject {
	out := personOf(c.View)
	out.Similar = similarOf(c.Similar)
	return out
}

func aliasOf(a idem.Alias) aliasObject {
	return aliasObject{ID: string(a.ID), Type: string(a.Type), Value: a.Value, Source: string(a.Source), CreatedAt: moment(a.CreatedAt)}
}

func photoOf(f idem.Photo) photoObject {
	return photoObject{
		ID: string(f.ID), Type: strings.ToLower(string(f.Type)), Priority: f.Type.Priority(), Default: f.Default,
		CreatedAt: moment(f.CreatedAt), Source: string(f.Source), FaceCode: f.FaceCode,
		URL: fmt.Sprintf("%s/%s/photos/%s/image/", Base, f.Person, f.ID),
	}
}

func similarOf(list []registry.Similar) []similarObject {
	var out []similarObject
	for _, s := range list {
		out = append(out, similarObject{string(s.Person), string(s.Photo), score(s.Score), s.FMR, s.Duplicate})
	}
	return out
}

func actionOf(a idem.Action) actionObject {
	return actionObject{
		ID: a.Seq, Type: string(a.Type), Source: string(a.Actor.Source), At: moment(a.At), Details: details(a.Details),
		User: optional(string(a.Actor.Operator)), Session: optional(string(a.Actor.Session)), Key: optional(string(a.Actor.Credential)),
	}
}

// details renders what the audit holds. The standard encoder is the one that
// writes the audit's json.Number as a number.
func details(d map[string]any) jsontext.Value {
	if len(d) == 0 {
		return jsontext.Value("{}")
	}
	out, err := stdjson.Marshal(d)
	if err != nil {
		panic(err) // it was stored as JSON
	}
	return out
}

func sessionsOf(links []idem.SessionLink) []sessionObject {
	out := make([]sessionObject, len(links))
	for i, l := range links {
		out[i] = sessionObject{string(l.Session), string(l.Role), moment(l.At)}
	}
	return out
}

// listOf renders a page.
func listOf[S, T any](items []S, render func(S) T, next *string, total int64) answer {
	out := list[T]{Items: make([]T, len(items)), Next: next, Total: total}
	for i, item := range items {
		out.Items[i] = render(item)
	}
	return answer{status: 200, body: out}
}

// moment is RFC 3339 in UTC with microseconds, which is what the store keeps.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func optionalMoment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return optional(moment(t))
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// score is a decimal string with four places.
func score(s float64) string { return fmt.Sprintf("%.4f", s) }

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
