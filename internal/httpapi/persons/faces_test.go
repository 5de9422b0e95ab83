package persons_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/httpapi/persons"
)

func photoBody(image, kind string) object { return object{"image_b64": image, "photo_type": kind} }

func personBody(image string) object {
	return object{"image_b64": image, "photo_type": "live", "is_verified": false}
}

func TestFlagNamesSimilarPersons(t *testing.T) {
	each(t, func(e *env) {
		p := read[person](e.call(e.a, "POST", base, personBody(portrait("anna", 1))).is(201))
		q := read[person](e.call(e.a, "POST", base, personBody(portrait("anna", 2))).is(201))
		if len(p.Similar) != 0 || len(q.Similar) != 1 {
			t.Fatalf("similar persons: first %+v, second %+v", p.Similar, q.Similar)
		}
		s := q.Similar[0]
		if s.Person != p.ID || s.Photo != p.Photos[0].ID || !s.Duplicate || s.FMR != 1e-6 || len(s.Score) != 6 || s.Score < "0.8000" {
			t.Errorf("similar person %+v", s)
		}
		a := e.actions(q.ID)[0]
		if named, _ := a.Details["similar_persons"].([]any); a.Type != "PHOTO_ADDED" || len(named) != 1 || named[0] != p.ID {
			t.Errorf("action %+v", a)
		}
		stranger := e.create("other")
		f := read[photo](e.call(e.a, "POST", base+stranger.ID+"/photos/", photoBody(portrait("anna", 3), "live")).is(201))
		if len(f.Similar) != 2 {
			t.Errorf("a photo of a known face names %+v", f.Similar)
		}
		own := read[photo](e.call(e.a, "POST", base+p.ID+"/photos/", photoBody(portrait("anna", 4), "live")).is(201))
		for _, s := range own.Similar {
			if s.Person == p.ID {
				t.Error("a person is similar to itself")
			}
		}
		if b := read[person](e.call(e.b, "POST", base, personBody(portrait("anna", 5))).is(201)); len(b.Similar) != 0 {
			t.Errorf("another organisation's person is similar: %+v", b.Similar)
		}
	})
}

func TestRejectRefusesKnownFaces(t *testing.T) {
	each(t, func(e *env) {
		e.uniqueness(idem.UniquenessReject)
		p := read[person](e.call(e.a, "POST", base, personBody(portrait("anna", 1))).is(201))
		stranger := e.create("other")
		e.unchanged(func() {
			r := e.call(e.a, "POST", base, personBody(portrait("anna", 2))).refused(409, "FACE_ALREADY_KNOWN")
			known := r.Error.Details["persons"].([]any)[0].(map[string]any)
			if known["person_id"] != p.ID || known["score"].(string) < "0.8" || known["fmr"] != 1e-6 {
				t.Errorf("details %v", r.Error.Details)
			}
			e.call(e.a, "POST", base+stranger.ID+"/photos/", photoBody(portrait("anna", 3), "live")).refused(409, "FACE_ALREADY_KNOWN")
		})
		e.call(e.a, "POST", base+p.ID+"/photos/", photoBody(portrait("anna", 4), "live")).is(201)

		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		q := read[person](e.call(e.a, "POST", base, personBody(portrait("anna", 5))).is(201))
		e.unchanged(func() {
			r := e.call(e.a, "POST", base+p.ID+"/restore/", nil).refused(409, "RESTORE_CONFLICT")
			if known := r.Error.Details["persons"].([]any)[0].(map[string]any); known["person_id"] != q.ID || !strings.Contains(r.Error.Message, "face") {
				t.Errorf("%s, details %v", r.Error.Message, r.Error.Details)
			}
		})
		e.call(e.a, "DELETE", base+q.ID+"/", nil).is(204)
		e.call(e.a, "POST", base+p.ID+"/restore/", nil).is(200)
		e.call(e.a, "POST", base, personBody(portrait("anna", 6))).refused(409, "FACE_ALREADY_KNOWN")
		for _, f := range e.get(p.ID).Photos[1:] {
			e.call(e.a, "DELETE", base+p.ID+"/photos/"+f.ID+"/", nil).is(204)
		}
		e.call(e.a, "POST", base, personBody(portrait("anna", 7))).refused(409, "FACE_ALREADY_KNOWN")
	})
}

func TestRestoreNamesSimilarPersons(t *testing.T) {
	each(t, func(e *env) {
		p := read[person](e.call(e.a, "POST", base, personBody(portrait("anna", 1))).is(201))
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		q := read[person](e.call(e.a, "POST", base, personBody(portrait("anna", 2))).is(201))
		if len(q.Similar) != 0 {
			t.Errorf("a deleted person is similar: %+v", q.Similar)
		}
		got := read[person](e.call(e.a, "POST", base+p.ID+"/restore/", nil).is(200))
		if len(got.Similar) != 1 || got.Similar[0].Person != q.ID {
			t.Errorf("restored among %+v", got.Similar)
		}
	})
}

func TestUniquenessOffDoesNotSearch(t *testing.T) {
	each(t, func(e *env) {
		e.uniqueness(idem.UniquenessOff)
		for i := range 2 {
			if p := read[person](e.call(e.a, "POST", base, personBody(portrait("anna", uint8(i)))).is(201)); len(p.Similar) != 0 {
				t.Errorf("similar persons %+v", p.Similar)
			}
		}
		e.uniqueness(idem.UniquenessReject)
		r := e.call(e.a, "POST", base, personBody(portrait("anna", 9))).refused(409, "FACE_ALREADY_KNOWN")
		if n := len(r.Error.Details["persons"].([]any)); n != 2 {
			t.Errorf("%d persons were known, want those of before: 2", n)
		}
	})
}

func TestPhotosWithoutUsableFace(t *testing.T) {
	each(t, func(e *env) {
		encode := func(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
		images := map[string]string{
			"FACE_NOT_FOUND": plain(), "FACE_LOW_QUALITY": encode(facetest.JPEG(facetest.Blurred("anna"))), "FACE_TOO_SMALL": encode(facetest.JPEG(facetest.Tiny("anna"))),
		}
		for _, u := range []idem.FaceUniqueness{idem.UniquenessOff, idem.UniquenessFlag} {
			e.uniqueness(u)
			for code, image := range images {
				if p := read[person](e.call(e.a, "POST", base, personBody(image)).is(201)); p.Photos[0].FaceCode != code {
					t.Errorf("under %s the code is %s, want %s", u, p.Photos[0].FaceCode, code)
				}
			}
		}
		e.uniqueness(idem.UniquenessReject)
		p := e.create("other")
		e.unchanged(func() {
			for code, image := range images {
				e.call(e.a, "POST", base, personBody(image)).refused(422, code).at(t, "image_b64")
				e.call(e.a, "POST", base+p.ID+"/photos/", photoBody(image, "live")).refused(422, code)
			}
		})
		group := read[person](e.call(e.a, "POST", base, personBody(encode(facetest.JPEG(facetest.Group("bert"))))).is(201))
		if a := e.actions(group.ID)[0]; group.Photos[0].FaceCode != "FACE_MULTIPLE" || a.Details["faces"] != 3.0 {
			t.Errorf("group picture: %+v, action %+v", group.Photos[0], a)
		}
	})
}

func TestWithoutFaceEngine(t *testing.T) {
	each(t, func(e *env) {
		e.engine.fail(errors.New("no model files"))
		for _, u := range []idem.FaceUniqueness{idem.UniquenessFlag, idem.UniquenessReject} {
			e.uniqueness(u)
			e.unchanged(func() {
				r := e.call(e.a, "POST", base, newBody("other"))
				r.refused(503, "FACE_ENGINE_UNAVAILABLE")
				if r.header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			})
		}
		e.uniqueness(idem.UniquenessOff)
		p := e.create("other")
		if p.Photos[0].FaceCode != "NOT_ANALYSED" {
			t.Errorf("face code %s", p.Photos[0].FaceCode)
		}
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		e.call(e.a, "POST", base+p.ID+"/restore/", nil).is(200)
	})
}

func TestErasedPersonIsGone(t *testing.T) {
	each(t, func(e *env) {
		e.uniqueness(idem.UniquenessReject)
		custom := aliasOf("custom", "confidential 123")
		body := personBody(portrait("anna", 1))
		body["aliases"] = []object{custom}
		p := read[person](e.call(e.a, "POST", base, body).is(201))
		e.call(e.a, "POST", base+p.ID+"/photos/", photoBody(portrait("anna", 2), "scan")).is(201)
		key := e.dataKey(p.ID)
		receipt, err := e.registry.Erase(e.Context(), e.a.operator, idem.PersonID(p.ID), "ticket 17")
		must(t, err)
		if receipt.Photos != 2 || receipt.Aliases != 1 || receipt.Entries != 2 || receipt.Seq == 0 || receipt.At.IsZero() {
			t.Errorf("receipt %+v", receipt)
		}
		if c := e.contents(e.a); c.Blobs != 0 || c.Photos != 0 || c.Persons != 1 || c.Aliases != 1 {
			t.Errorf("stored after the erasure: %+v", c)
		}
		if _, err := e.vault.Seal(e.Context(), key, place(e.a.org), []byte("x")); !errors.Is(err, idem.ErrErased) {
			t.Errorf("the data key still works: %v", err)
		}
		got := e.get(p.ID)
		if got.DeletedAt == nil || len(got.Photos) != 0 || len(got.Aliases) != 1 || got.Aliases[0].Value != p.ID {
			t.Errorf("read %+v", got)
		}
		e.call(e.a, "GET", p.Photos[0].URL, nil).refused(404, "PHOTO_NOT_FOUND")
		all := e.actions(p.ID)
		if a := all[0]; a.Type != "PERSON_ERASED" || a.Source != "CABINET" || a.Details["reason"] != "ticket 17" {
			t.Errorf("action %+v", a)
		}
		e.call(e.a, "POST", base+p.ID+"/restore/", nil).refused(409, "PERSON_ERASED")
		e.call(e.a, "DELETE", base+p.ID+"/", nil).refused(409, "PERSON_ERASED")
		if _, err := e.registry.Erase(e.Context(), e.a.operator, idem.PersonID(p.ID), "again"); !errors.Is(err, idem.ErrPersonErased) {
			t.Errorf("erasing twice: %v", err)
		}
		body["image_b64"] = portrait("anna", 3)
		if q := read[person](e.call(e.a, "POST", base, body).is(201)); len(q.Similar) != 0 {
			t.Errorf("an erased face is similar: %+v", q.Similar)
		}
		must(t, e.gallery.CatchUp(e.Context()))
		must(t, e.gallery.Ready(e.Context()))
	})
}

func TestErasureNeedsPermissionAndReason(t *testing.T) {
	each(t, func(e *env) {
		p := idem.PersonID(e.create("other").ID)
		e.unchanged(func() {
			principal, err := e.access.Authenticate(e.Context(), idem.CredentialPersons, e.a.key)
			must(t, err)
			if _, err := e.registry.Erase(e.Context(), principal, p, "x"); !errors.Is(err, idem.ErrRoleForbidden) {
				t.Errorf("with a Persons key: %v", err)
			}
			for _, reason := range []string{"", strings.Repeat("x", 65), "a\nb", "mail anna@example.org"} {
				if _, err := e.registry.Erase(e.Context(), e.a.operator, p, reason); idem.KindOf(err) != idem.Unprocessable {
					t.Errorf("reason %q: %v", reason, err)
				}
			}
			if _, err := e.registry.Erase(e.Context(), e.b.operator, p, "x"); !errors.Is(err, idem.ErrPersonNotFound) {
				t.Errorf("by a foreign operator: %v", err)
			}
		})
	})
}

func TestStaleVersionIsRefused(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		tag := e.call(e.a, "GET", base+p.ID+"/", nil).is(200).header.Get("ETag")
		e.call(e.a, "PATCH", base+p.ID+"/", object{"is_verified": true}, "If-Match", tag).is(200)
		e.unchanged(func() {
			for _, match := range []string{tag, `"x"`} {
				e.call(e.a, "PATCH", base+p.ID+"/", object{"is_verified": false}, "If-Match", match).refused(409, "VERSION_MISMATCH")
			}
		})
		e.call(e.a, "PATCH", base+p.ID+"/", object{"is_verified": false}, "If-Match", "*").is(200)
	})
}

func TestPhotoLimit(t *testing.T) {
	each(t, func(e *env) {
		e.settings(func(s *idem.Settings) { s.MaxPhotos = 2 })
		p := e.create("other")
		e.addPhoto(p.ID, "live")
		e.unchanged(func() {
			e.call(e.a, "POST", base+p.ID+"/photos/", photoBody(portrait("x", 1), "live")).refused(409, "PHOTO_LIMIT")
		})
	})
}

func TestAliasIsChanged(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("phone", "+77011234567"), aliasOf("phone", "+77010000000"))
		e.create("other", aliasOf("phone", "+77019999999"))
		path := base + p.ID + "/aliases/" + p.Aliases[1].ID + "/"
		got := read[alias](e.call(e.a, "PATCH", path, object{"value": "+7 701 765 43 21"}).is(200))
		if got.ID != p.Aliases[1].ID || got.Value != "+7 701 765 43 21" {
			t.Errorf("changed to %+v", got)
		}
		if ids, _ := e.search(e.a, aliasOf("phone", "87017654321")); len(ids) != 1 {
			t.Errorf("search by the new value found %v", ids)
		}
		if ids, _ := e.search(e.a, aliasOf("phone", "+77011234567")); len(ids) != 0 {
			t.Errorf("search by the old value found %v", ids)
		}
		if a := e.actions(p.ID)[0]; a.Type != "ALIAS_UPDATED" || a.Details["old_value_masked"] != "********4567" {
			t.Errorf("action %+v", a)
		}
		e.unchanged(func() {
			e.call(e.a, "PATCH", path, object{"value": "+7 701 765 43 21"}).is(200)
			e.call(e.a, "PATCH", path, object{"value": "87019999999"}).refused(409, "ALIAS_CONFLICT")
			e.call(e.a, "PATCH", path, object{"value": "+77010000000"}).refused(409, "ALIAS_DUPLICATE")
			e.call(e.a, "PATCH", path, object{"value": "x"}).refused(422, "ALIAS_VALUE_INVALID").at(t, "value")
			e.call(e.a, "PATCH", path, object{}).refused(422, "VALIDATION_FAILED").at(t, "value")
		})
	})
}

func TestIncludeAddsPicturesAndSessions(t *testing.T) {
	each(t, func(e *env) {
		image := portrait("anna", 1)
		p := read[person](e.call(e.a, "POST", base, personBody(image)).is(201))
		got := read[person](e.call(e.a, "GET", base+p.ID+"/?include=photos_b64,sessions", nil).is(200))
		if got.Photos[0].Image != image || got.Sessions == nil || len(*got.Sessions) != 0 {
			t.Errorf("read %+v", got)
		}
		if plain := e.get(p.ID); plain.Photos[0].Image != "" || plain.Sessions != nil {
			t.Errorf("read %+v", plain)
		}
		e.call(e.a, "GET", base+p.ID+"/?include=everything", nil).refused(422, "VALIDATION_FAILED").at(t, "include")
		l := read[list[photo]](e.call(e.a, "GET", base+p.ID+"/photos/", nil).is(200))
		if l.Total != 1 || l.Items[0].URL != p.Photos[0].URL {
			t.Errorf("photos %+v", l)
		}
		if s := read[list[any]](e.call(e.a, "GET", base+p.ID+"/sessions/", nil).is(200)); s.Total != 0 || s.Items == nil {
			t.Errorf("sessions %+v", s)
		}
	})
}

func TestListFiltersAndPages(t *testing.T) {
	each(t, func(e *env) {
		var ids []string
		for i := range 5 {
			p := e.create([]string{"digital", "other"}[i%2])
			ids = append(ids, p.ID)
			time.Sleep(2 * time.Millisecond) // creation times differ
		}
		e.call(e.a, "PATCH", base+ids[0]+"/", object{"is_verified": true}).is(200)
		at := func(query string) []string {
			var out []string
			for _, p := range read[list[person]](e.call(e.a, "GET", base+query, nil).is(200)).Items {
				out = append(out, p.ID)
			}
			return out
		}
		created := e.get(ids[2]).CreatedAt.Format(time.RFC3339Nano)
		for query, want := range map[string][]string{
			"?is_verified=true":                         {ids[0]},
			"?photo_type=digital&order=created_at":      {ids[0], ids[2], ids[4]},
			"?has_photo=false":                          nil,
			"?source=flow":                              nil,
			"?order=-updated_at&limit=1":                {ids[0]},
			"?order=created_at&created_to=" + created:   {ids[0], ids[1]},
			"?order=created_at&created_from=" + created: {ids[2], ids[3], ids[4]},
			"?session_id=" + ids[0]:                     nil,
			"?alias_type=phone":                         nil,
		} {
			if got := at(query); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s lists %v, want %v", query, got, want)
			}
		}
		e.pages(ids)
		for query, field := range map[string]string{
			"?limit=0": "limit", "?limit=201": "limit", "?limit=x": "limit", "?is_verified=maybe": "is_verified", "?colour=red": "colour",
			"?state=gone": "state", "?created_from=yesterday": "created_from", "?session_id=1": "session_id", "?state=all&state=all": "state",
			"?alias_type=phone&alias_value=x": "alias_value",
		} {
			r := e.call(e.a, "GET", base+query, nil)
			if field == "alias_value" {
				r.refused(422, "ALIAS_VALUE_INVALID").at(t, field)
				continue
			}
			r.refused(422, "VALIDATION_FAILED").at(t, field)
		}
	})
}

// pages walks through all persons two at a time and misuses the cursors.
func (e *env) pages(ids []string) {
	e.Helper()
	seen, query := 0, "?limit=2"
	var cursor string
	for {
		l := read[list[person]](e.call(e.a, "GET", base+query, nil).is(200))
		for _, p := range l.Items {
			seen++
			if p.ID != ids[len(ids)-seen] {
				e.Errorf("item %d is %s", seen, p.ID)
			}
		}
		if l.Total != len(ids) {
			e.Errorf("total %d", l.Total)
		}
		if l.Next == nil {
			break
		}
		cursor = *l.Next
		query = "?limit=2&cursor=" + cursor
	}
	if seen != len(ids) {
		e.Errorf("the pages hold %d persons, want %d", seen, len(ids))
	}
	e.call(e.a, "GET", base+"?limit=1&cursor="+cursor, nil).is(200)
	for _, query := range []string{
		"?is_verified=true&cursor=" + cursor, "?cursor=" + cursor[1:], "?cursor=x", "?cursor=" + strings.Repeat("A", 5000), "?cursor=" + cursor + "A",
	} {
		e.call(e.a, "GET", base+query, nil).refused(400, "INVALID_CURSOR")
	}
	e.call(e.b, "GET", base+"?cursor="+cursor, nil).refused(400, "INVALID_CURSOR")
}

func TestPicturesAreStoredSealedAndStripped(t *testing.T) {
	each(t, func(e *env) {
		plain := facetest.JPEG(facetest.Picture("anna", 1))
		comment := "taken at home by anna"
		tagged := append([]byte{0xff, 0xd8, 0xff, 0xfe, 0, byte(len(comment) + 2)}, comment...)
		tagged = append(tagged, plain[2:]...)
		p := read[person](e.call(e.a, "POST", base, personBody(base64.StdEncoding.EncodeToString(tagged))).is(201))
		got := e.call(e.a, "GET", p.Photos[0].URL, nil).is(200)
		if strings.Contains(string(got.body), comment) || len(got.body) >= len(tagged) {
			t.Error("the metadata of a picture was kept")
		}
		must(t, e.blobs.List(e.Context(), e.a.org, func(ref idem.BlobRef) error {
			sealed, err := e.blobs.Get(e.Context(), e.a.org, ref)
			if bytes.Contains(sealed, plain[20:60]) || bytes.Contains(sealed, []byte("\xff\xd8\xff")) {
				t.Error("a picture is stored in the clear")
			}
			return err
		}))
	})
}

func TestRefuseHasTheShapeOfTheAPI(t *testing.T) {
	w := httptest.NewRecorder()
	refuse := persons.Refuse(persons.Deps{IDs: idem.UUIDv7{}})
	refuse(w, httptest.NewRequest("POST", base, nil), idem.Errorf(idem.Limited, "RATE_LIMITED", "busy").With("retry_after", 7))
	reply{t, w.Code, w.Header(), w.Body.Bytes()}.refused(429, "RATE_LIMITED")
	if w.Header().Get("Retry-After") != "7" {
		t.Errorf("headers %v", w.Header())
	}
}
