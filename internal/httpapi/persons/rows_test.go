package persons_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
)

func TestPersons_01_CreateMakesPersonWithDefaultPhoto(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		if p.Verified || p.Source != "API" || len(p.Photos) != 1 || len(p.Aliases) != 1 || p.SessionCount != 0 {
			t.Fatalf("created %+v", p)
		}
		if _, err := uuid.Parse(p.ID); err != nil || p.Aliases[0].Type != "SYSTEM_ID" || p.Aliases[0].Value != p.ID {
			t.Errorf("SYSTEM_ID %+v of person %s", p.Aliases[0], p.ID)
		}
		f := p.Photos[0]
		if !f.Default || f.Type != "other" || f.Priority != 4 || p.DefaultPhotoID == nil || *p.DefaultPhotoID != f.ID {
			t.Errorf("photo %+v, default %v", f, p.DefaultPhotoID)
		}
		if left := e.left(e.a); left != 999 {
			t.Errorf("%d units left, want 999", left)
		}
		image := e.call(e.a, "GET", f.URL, nil).is(200)
		if image.header.Get("Cache-Control") != "private, no-store" || image.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("image headers %v", image.header)
		}
		if got := e.get(p.ID); got.ID != p.ID || len(got.Photos) != 1 {
			t.Errorf("read back %+v", got)
		}
	})
}

func TestPersons_02_CreateNamesMissingField(t *testing.T) {
	each(t, func(e *env) {
		for _, field := range []string{"image_b64", "photo_type", "is_verified"} {
			e.unchanged(func() {
				body := newBody("other")
				delete(body, field)
				e.call(e.a, "POST", base, body).refused(422, "VALIDATION_FAILED").at(t, field)
				body[field] = nil
				e.call(e.a, "POST", base, body).refused(422, "VALIDATION_FAILED").at(t, field)
			})
		}
		e.unchanged(func() {
			body := newBody("other")
			body["is_verified"] = "yes"
			e.call(e.a, "POST", base, body).refused(422, "VALIDATION_FAILED").at(t, "is_verified")
			e.call(e.a, "POST", base, newBody("selfie")).refused(422, "VALIDATION_FAILED").at(t, "photo_type")
		})
	})
}

func TestPersons_03_CreateRefusesSystemID(t *testing.T) {
	each(t, func(e *env) {
		e.unchanged(func() {
			body := newBody("other", aliasOf("phone", "+77011234567"), aliasOf("system_id", uuid.NewString()))
			e.call(e.a, "POST", base, body).refused(422, "ALIAS_TYPE_NOT_ALLOWED").at(t, "aliases[1].type")
		})
	})
}

func TestPersons_04_CreateNamesAllAliasConflicts(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("phone", "8 (701) 123-45-67"))
		q := e.create("other", aliasOf("document_number", "N 1234567"))
		e.unchanged(func() {
			body := newBody("other", aliasOf("custom", "free"), aliasOf("PHONE", "+77011234567"), aliasOf("document_number", "n1234567"))
			r := e.call(e.a, "POST", base, body).refused(409, "ALIAS_CONFLICT")
			r.at(t, "aliases[1].value")
			conflicts := r.Error.Details["conflicts"].([]any)
			if len(conflicts) != 2 {
				t.Fatalf("conflicts %v", conflicts)
			}
			first, second := conflicts[0].(map[string]any), conflicts[1].(map[string]any)
			if first["person_id"] != p.ID || first["type"] != "PHONE" || second["person_id"] != q.ID {
				t.Errorf("conflicts %v", conflicts)
			}
			if masked := first["value_masked"].(string); strings.Contains(masked, "7011") || !strings.HasSuffix(masked, "4567") {
				t.Errorf("masked value %q", masked)
			}
		})
		e.unchanged(func() {
			body := newBody("other", aliasOf("phone", "87019999999"), aliasOf("phone", "+7 701 999 99 99"))
			e.call(e.a, "POST", base, body).refused(409, "ALIAS_DUPLICATE").at(t, "aliases[1].value")
		})
	})
}

func TestPersons_05_OrganisationsAreIsolated(t *testing.T) {
	each(t, func(e *env) {
		iin := aliasOf("personal_number", "990101300123")
		pa := read[person](e.call(e.a, "POST", base, newBody("other", iin)).is(201))
		pb := read[person](e.call(e.b, "POST", base, newBody("other", iin)).is(201))
		for _, c := range []struct {
			t  tenant
			id string
		}{{e.a, pa.ID}, {e.b, pb.ID}} {
			if ids, match := e.search(c.t, iin); match != "one" || ids[0] != c.id {
				t.Errorf("search found %v (%s), want %s", ids, match, c.id)
			}
			l := read[list[person]](e.call(c.t, "GET", base, nil).is(200))
			if l.Total != 1 || len(l.Items) != 1 || l.Items[0].ID != c.id {
				t.Errorf("list of %s: %+v", c.id, l)
			}
		}
	})
}

func TestPersons_06_ForeignPersonIsUnknown(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "x"))
		a, f := p.Aliases[1].ID, p.Photos[0].ID
		e.unchanged(func() {
			for _, c := range []struct {
				method, path string
				body         any
			}{
				{"GET", "", nil}, {"PATCH", "", object{"is_verified": true}}, {"DELETE", "", nil}, {"POST", "restore/", nil},
				{"POST", "aliases/", aliasOf("custom", "y")}, {"PATCH", "aliases/" + a + "/", object{"value": "z"}}, {"DELETE", "aliases/" + a + "/", nil},
				{"GET", "photos/", nil}, {"GET", "photos/" + f + "/image/", nil}, {"DELETE", "photos/" + f + "/", nil},
				{"POST", "photos/", object{"image_b64": portrait("x", 0), "photo_type": "live"}},
				{"PATCH", "photos/" + f + "/", object{"is_default": true}}, {"PATCH", "photos/" + f + "/", object{"is_default": false}},
				{"GET", "actions/", nil}, {"GET", "sessions/", nil},
			} {
				foreign := e.call(e.b, c.method, base+p.ID+"/"+c.path, c.body)
				unknown := e.call(e.b, c.method, base+uuid.Must(uuid.NewV7()).String()+"/"+c.path, c.body)
				foreign.refused(404, "PERSON_NOT_FOUND")
				if string(foreign.body) != string(unknown.body) || foreign.status != unknown.status {
					t.Errorf("%s %s tells a foreign person from an unknown one:\n%s\n%s", c.method, c.path, foreign.body, unknown.body)
				}
			}
			e.call(e.b, "GET", base+"not-a-uuid/", nil).refused(404, "PERSON_NOT_FOUND")
		})
		q := e.create("other")
		e.call(e.a, "DELETE", base+q.ID+"/aliases/"+a+"/", nil).refused(404, "ALIAS_NOT_FOUND")
		e.call(e.a, "DELETE", base+q.ID+"/photos/"+f+"/", nil).refused(404, "PHOTO_NOT_FOUND")
	})
}

func TestPersons_07_KeysAreChecked(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		expiring := e.credential(e.a, idem.CredentialPersons, e.clock.Now().Add(time.Hour))
		e.call(tenant{key: expiring}, "GET", base, nil).is(200)
		e.clock.advance(2 * time.Hour)
		revoked := e.revoked()
		e.unchanged(func() {
			e.call(tenant{}, "GET", base, nil).refused(401, "API_KEY_MISSING")
			for name, key := range map[string]string{
				"wrong": strings.Repeat("x", 47), "short": "x", "flow": e.flowKey(),
				"secret": e.credential(e.a, idem.CredentialSecret, time.Time{}), "bearer": e.credential(e.a, idem.CredentialBearer, time.Time{}),
				"expired": expiring, "revoked": revoked,
			} {
				t.Run(name, func(t *testing.T) {
					e.call(tenant{key: key}, "GET", base, nil).refused(401, "API_KEY_INVALID")
					e.call(tenant{key: key}, "DELETE", base+p.ID+"/", nil).refused(401, "API_KEY_INVALID")
					body := newBody("other")
					body["api_key"] = key
					e.call(tenant{}, "POST", base, body).refused(401, "API_KEY_INVALID")
				})
			}
			body := newBody("other")
			body["api_key"] = e.b.key
			e.call(e.a, "POST", base, body).refused(400, "AMBIGUOUS_CREDENTIALS")
		})
		body := newBody("other")
		body["api_key"] = e.a.key
		e.call(tenant{}, "POST", base, body).is(201)
		body = newBody("other")
		body["api_key"] = e.a.key
		e.call(e.a, "POST", base, body).is(201)
	})
}

// revoked returns a key that was revoked.
func (e *env) revoked() string {
	key := e.credential(e.a, idem.CredentialPersons, time.Time{})
	all, err := e.access.Credentials(e.Context(), e.a.operator)
	must(e, err)
	newest := slices.MaxFunc(all, func(a, b idem.Credential) int { return a.CreatedAt.Compare(b.CreatedAt) })
	must(e, e.access.Revoke(e.Context(), e.a.operator, newest.ID))
	return key
}

func TestPersons_08_VerificationIsLoggedOnce(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		for range 2 {
			if got := read[person](e.call(e.a, "PATCH", base+p.ID+"/", object{"is_verified": true}).is(200)); !got.Verified {
				t.Error("not verified")
			}
		}
		all := e.actions(p.ID)
		if n := count(all, "VERIFICATION_CHANGED"); n != 1 {
			t.Fatalf("%d VERIFICATION_CHANGED rows", n)
		}
		if a := all[0]; a.Source != "API" || a.Details["old"] != false || a.Details["new"] != true {
			t.Errorf("action %+v", a)
		}
		e.call(e.a, "PATCH", base+p.ID+"/", object{"is_verified": true, "name": "x"}).refused(422, "VALIDATION_FAILED").at(t, "name")
	})
}

func TestPersons_09_AddAlias(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		document := aliasOf("DOCUMENT_NUMBER", "N 1234-567")
		a := read[alias](e.call(e.a, "POST", base+p.ID+"/aliases/", document).is(201))
		if a.Type != "DOCUMENT_NUMBER" || a.Value != "N 1234-567" || a.Source != "API" {
			t.Errorf("alias %+v", a)
		}
		if ids, _ := e.search(e.a, aliasOf("document_number", "n1234567")); len(ids) != 1 || ids[0] != p.ID {
			t.Errorf("search found %v", ids)
		}
		if got := e.actions(p.ID)[0]; got.Type != "ALIAS_ADDED" || got.Details["alias_id"] != a.ID {
			t.Errorf("action %+v", got)
		}
		e.unchanged(func() {
			e.call(e.a, "POST", base+p.ID+"/aliases/", aliasOf("system_id", uuid.NewString())).refused(422, "ALIAS_TYPE_NOT_ALLOWED").at(t, "type")
			e.call(e.a, "POST", base+p.ID+"/aliases/", aliasOf("phone", "abc")).refused(422, "ALIAS_VALUE_INVALID").at(t, "value")
			e.call(e.a, "POST", base+p.ID+"/aliases/", aliasOf("email", "abc")).refused(422, "ALIAS_TYPE_NOT_ALLOWED").at(t, "type")
		})
		q := e.create("other")
		e.unchanged(func() {
			r := e.call(e.a, "POST", base+q.ID+"/aliases/", document).refused(409, "ALIAS_CONFLICT")
			if c := r.Error.Details["conflicts"].([]any)[0].(map[string]any); c["person_id"] != p.ID {
				t.Errorf("conflict %v", c)
			}
		})
	})
}

func TestPersons_10_SameAliasAgainIsNoChange(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("phone", "+77011234567"))
		e.unchanged(func() {
			a := read[alias](e.call(e.a, "POST", base+p.ID+"/aliases/", aliasOf("phone", "8 701 123 45 67")).is(200))
			if a != p.Aliases[1] {
				t.Errorf("answered %+v, want %+v", a, p.Aliases[1])
			}
		})
	})
}

func TestPersons_11_SystemIDIsProtected(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		id := p.Aliases[0].ID
		e.unchanged(func() {
			e.call(e.a, "DELETE", base+p.ID+"/aliases/"+id+"/", nil).refused(409, "SYSTEM_ALIAS_PROTECTED")
			e.call(e.a, "PATCH", base+p.ID+"/aliases/"+id+"/", object{"value": uuid.NewString()}).refused(409, "SYSTEM_ALIAS_PROTECTED")
			if err := e.registry.RemoveAlias(e.Context(), e.a.operator, idem.PersonID(p.ID), idem.AliasID(id)); !errors.Is(err, idem.ErrSystemAlias) {
				t.Errorf("an operator removing SYSTEM_ID: %v", err)
			}
			if _, err := e.registry.UpdateAlias(e.Context(), e.a.operator, idem.PersonID(p.ID), idem.AliasID(id), "x"); !errors.Is(err, idem.ErrSystemAlias) {
				t.Errorf("an operator changing SYSTEM_ID: %v", err)
			}
		})
		if got := e.get(p.ID).Aliases[0]; got.Value != p.ID {
			t.Errorf("SYSTEM_ID is %q", got.Value)
		}
	})
}

func TestPersons_12_RemovedAliasIsFree(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "client 7"))
		e.call(e.a, "DELETE", base+p.ID+"/aliases/"+p.Aliases[1].ID+"/", nil).is(204)
		if got := e.actions(p.ID)[0]; got.Type != "ALIAS_REMOVED" {
			t.Errorf("action %+v", got)
		}
		q := e.create("other", aliasOf("custom", "client 7"))
		if ids, _ := e.search(e.a, aliasOf("custom", "client 7")); len(ids) != 1 || ids[0] != q.ID {
			t.Errorf("search found %v", ids)
		}
	})
}

func TestPersons_13_SearchBySystemID(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		for _, value := range []string{p.ID, strings.ToUpper(p.ID)} {
			if ids, match := e.search(e.a, aliasOf("system_id", value)); match != "one" || ids[0] != p.ID {
				t.Errorf("search found %v", ids)
			}
		}
		if ids, match := e.search(e.a, aliasOf("system_id", uuid.NewString())); match != "none" || ids == nil || len(ids) != 0 {
			t.Errorf("search found %v (%s)", ids, match)
		}
	})
}

func TestPersons_14_AnyAliasFindsThePerson(t *testing.T) {
	each(t, func(e *env) {
		aliases := []object{aliasOf("phone", "+77011234567"), aliasOf("personal_number", "990101300123"),
			aliasOf("document_number", "N1234567"), aliasOf("custom", "Kunde 7")}
		p := e.create("other", aliases...)
		q := e.create("other", aliasOf("custom", "kunde 7"))
		for _, a := range aliases {
			if ids, match := e.search(e.a, a); match != "one" || ids[0] != p.ID {
				t.Errorf("search by %v found %v", a, ids)
			}
			l := read[list[person]](e.call(e.a, "GET", base+"?alias_type="+a["type"].(string)+"&alias_value="+queryEscape(a["value"].(string)), nil).is(200))
			if l.Total != 1 || l.Items[0].ID != p.ID {
				t.Errorf("list by %v: %+v", a, l)
			}
		}
		l := read[list[person]](e.call(e.a, "GET", base+"?alias_value=990101300123", nil).is(200))
		if l.Total != 1 || l.Items[0].ID != p.ID {
			t.Errorf("list by a value of any type: %+v", l)
		}
		if ids, match := e.search(e.a, aliases[0], aliasOf("custom", "kunde 7"), aliases[1]); match != "many" || !slices.Equal(ids, []string{p.ID, q.ID}) {
			t.Errorf("search found %v (%s)", ids, match)
		}
	})
}

func TestPersons_15_BetterPhotoBecomesDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("live")
		f := e.addPhoto(p.ID, "digital")
		if !f.Default {
			t.Error("the digital photo is not the default")
		}
		e.defaults(p.ID, f.ID, 2)
	})
}

// defaults checks that a person has n photos of which exactly id is the default.
func (e *env) defaults(person, id string, n int) {
	e.Helper()
	got := e.get(person)
	var flagged []string
	for _, f := range got.Photos {
		if f.Default {
			flagged = append(flagged, f.ID)
		}
	}
	if len(got.Photos) != n || !slices.Equal(flagged, []string{id}) || *got.DefaultPhotoID != id {
		e.Errorf("%d photos with defaults %v, want %d and %s", len(got.Photos), flagged, n, id)
	}
}

func TestPersons_16_WorsePhotosLeaveDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		for _, kind := range []string{"scan", "live", "other"} {
			if f := e.addPhoto(p.ID, kind); f.Default {
				t.Errorf("%s became the default", kind)
			}
		}
		e.defaults(p.ID, p.Photos[0].ID, 4)
		if n := count(e.actions(p.ID), "PHOTO_DEFAULT_CHANGED"); n != 0 {
			t.Errorf("%d PHOTO_DEFAULT_CHANGED rows", n)
		}
	})
}

func TestPersons_17_EqualPhotoLeavesDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("scan")
		e.addPhoto(p.ID, "scan")
		e.defaults(p.ID, p.Photos[0].ID, 2)
	})
}

func TestPersons_18_DefaultFollowsBetterPhotos(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		for i, kind := range []string{"live", "scan", "digital"} {
			f := e.addPhoto(p.ID, kind)
			e.defaults(p.ID, f.ID, i+2)
		}
		if n := count(e.actions(p.ID), "PHOTO_DEFAULT_CHANGED"); n != 3 {
			t.Errorf("%d PHOTO_DEFAULT_CHANGED rows, want 3", n)
		}
	})
}

func TestPersons_19_OnlyPhotoStays(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		e.unchanged(func() {
			e.call(e.a, "DELETE", base+p.ID+"/photos/"+p.Photos[0].ID+"/", nil).refused(409, "LAST_DEFAULT_PHOTO")
		})
		e.call(e.a, "GET", p.Photos[0].URL, nil).is(200)
	})
}

func TestPersons_20_RemovingDefaultChoosesBest(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		scan := e.addPhoto(p.ID, "scan")
		e.addPhoto(p.ID, "live")
		e.call(e.a, "DELETE", base+p.ID+"/photos/"+p.Photos[0].ID+"/", nil).is(204)
		e.defaults(p.ID, scan.ID, 2)
		e.call(e.a, "GET", p.Photos[0].URL, nil).refused(404, "PHOTO_NOT_FOUND")
		if got := typesOf(e.actions(p.ID)[:2]); !slices.Equal(got, []string{"PHOTO_DEFAULT_CHANGED", "PHOTO_REMOVED"}) {
			t.Errorf("actions %v", got)
		}
		if c := e.contents(e.a); c.Blobs != 2 {
			t.Errorf("%d objects stored, want 2", c.Blobs)
		}
	})
}

func TestPersons_21_RemovingAnotherPhotoKeepsDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		f := e.addPhoto(p.ID, "live")
		e.call(e.a, "DELETE", base+p.ID+"/photos/"+f.ID+"/", nil).is(204)
		e.defaults(p.ID, p.Photos[0].ID, 1)
	})
}

func TestPersons_22_DefaultIsChosenByHand(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		f := e.addPhoto(p.ID, "live")
		for range 2 {
			got := read[photo](e.call(e.a, "PATCH", base+p.ID+"/photos/"+f.ID+"/", object{"is_default": true}).is(200))
			if got.ID != f.ID || !got.Default {
				t.Errorf("answered %+v", got)
			}
		}
		e.defaults(p.ID, f.ID, 2)
		all := e.actions(p.ID)
		if a := all[0]; count(all, "PHOTO_DEFAULT_CHANGED") != 1 || a.Source != "API" || a.User != nil || a.Key == nil {
			t.Errorf("actions %+v", all)
		}
		if _, err := e.registry.SetDefaultPhoto(e.Context(), e.a.operator, idem.PersonID(p.ID), idem.PhotoID(p.Photos[0].ID)); err != nil {
			t.Fatal(err)
		}
		if a := e.actions(p.ID)[0]; a.Source != "CABINET" || a.User == nil || *a.User != string(e.a.operator.Actor.Operator) {
			t.Errorf("action of an operator %+v", a)
		}
	})
}

func TestPersons_23_DefaultCannotBeUnset(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		f := e.addPhoto(p.ID, "live")
		e.unchanged(func() {
			for _, id := range []string{p.Photos[0].ID, f.ID} {
				e.call(e.a, "PATCH", base+p.ID+"/photos/"+id+"/", object{"is_default": false}).refused(409, "DEFAULT_REQUIRED")
			}
			e.call(e.a, "PATCH", base+p.ID+"/photos/"+uuid.NewString()+"/", object{"is_default": false}).refused(404, "PHOTO_NOT_FOUND")
		})
	})
}

func TestPersons_25_BrokenImagesAreRefused(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		good, err := base64.StdEncoding.DecodeString(portrait("x", 0))
		must(t, err)
		huge := slices.Clone(good)
		sof := slices.Index(huge, 0xc0) // frame header: precision, height, width
		copy(huge[sof+4:], []byte{0xff, 0xff, 0xff, 0xff})
		for _, c := range []struct {
			name, image, code string
			status            int
		}{
			{"text", base64.StdEncoding.EncodeToString([]byte("this is no picture at all")), "IMAGE_TYPE_UNSUPPORTED", 415},
			{"truncated", base64.StdEncoding.EncodeToString(good[:len(good)/2]), "IMAGE_UNDECODABLE", 422},
			{"huge header", base64.StdEncoding.EncodeToString(huge), "IMAGE_TOO_LARGE", 413},
			{"not base64", "%%%", "IMAGE_UNDECODABLE", 422},
			{"empty", "", "IMAGE_UNDECODABLE", 422},
			{"over 10 MiB", base64.StdEncoding.EncodeToString(make([]byte, 11<<20)), "IMAGE_TOO_LARGE", 413},
		} {
			t.Run(c.name, func(t *testing.T) {
				e.unchanged(func() {
					body := object{"image_b64": c.image, "photo_type": "other"}
					e.call(e.a, "POST", base+p.ID+"/photos/", body).refused(c.status, c.code).at(t, "image_b64")
					body["is_verified"] = true
					e.call(e.a, "POST", base, body).refused(c.status, c.code).at(t, "image_b64")
				})
			})
		}
	})
}

func TestPersons_26_DeletedPersonIsHidden(t *testing.T) {
	each(t, func(e *env) {
		custom := aliasOf("custom", "gone")
		p := e.create("other", custom)
		e.create("other")
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		if l := read[list[person]](e.call(e.a, "GET", base, nil).is(200)); l.Total != 1 || l.Items[0].ID == p.ID {
			t.Errorf("default list %+v", l)
		}
		if ids, _ := e.search(e.a, custom); len(ids) != 0 {
			t.Errorf("search found %v", ids)
		}
		for _, query := range []string{"?state=deleted", "?state=deleted&alias_type=custom&alias_value=gone"} {
			l := read[list[person]](e.call(e.a, "GET", base+query, nil).is(200))
			if l.Total != 1 || l.Items[0].ID != p.ID || l.Items[0].DeletedAt == nil {
				t.Errorf("list %s: %+v", query, l)
			}
		}
		if l := read[list[person]](e.call(e.a, "GET", base+"?state=all", nil).is(200)); l.Total != 2 {
			t.Errorf("%d persons in all", l.Total)
		}
		if got := e.get(p.ID); got.DeletedAt == nil || len(got.Photos) != 1 {
			t.Errorf("read %+v", got)
		}
		if a := e.actions(p.ID)[0]; a.Type != "PERSON_DELETED" || a.Source != "API" {
			t.Errorf("action %+v", a)
		}
	})
}

func TestPersons_27_DeletedPersonCannotBeChanged(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "gone"))
		f := e.addPhoto(p.ID, "live")
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		a := p.Aliases[1].ID
		e.unchanged(func() {
			for _, c := range []struct {
				method, path string
				body         any
			}{
				{"PATCH", "", object{"is_verified": true}}, {"DELETE", "", nil},
				{"POST", "aliases/", aliasOf("custom", "y")}, {"PATCH", "aliases/" + a + "/", object{"value": "z"}}, {"DELETE", "aliases/" + a + "/", nil},
				{"POST", "photos/", object{"image_b64": portrait("x", 0), "photo_type": "live"}},
				{"PATCH", "photos/" + f.ID + "/", object{"is_default": true}}, {"PATCH", "photos/" + f.ID + "/", object{"is_default": false}},
				{"DELETE", "photos/" + f.ID + "/", nil},
			} {
				e.call(e.a, c.method, base+p.ID+"/"+c.path, c.body).refused(409, "PERSON_DELETED")
			}
		})
	})
}

func TestPersons_28_RestoreBringsEverythingBack(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "back"), aliasOf("phone", "+77011234567"))
		e.addPhoto(p.ID, "scan")
		e.call(e.a, "PATCH", base+p.ID+"/", object{"is_verified": true}).is(200)
		before, left := e.get(p.ID), e.left(e.a)
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		got := read[person](e.call(e.a, "POST", base+p.ID+"/restore/", nil).is(200))
		if got.DeletedAt != nil || !slices.Equal(got.Aliases, before.Aliases) || *got.DefaultPhotoID != *before.DefaultPhotoID || !got.Verified || len(got.Photos) != 2 {
			t.Errorf("restored %+v, was %+v", got, before)
		}
		if e.left(e.a) != left {
			t.Error("restoring spent a unit")
		}
		if a := e.actions(p.ID)[0]; a.Type != "PERSON_RESTORED" {
			t.Errorf("action %+v", a)
		}
		if ids, _ := e.search(e.a, aliasOf("custom", "back")); len(ids) != 1 || ids[0] != p.ID {
			t.Errorf("search found %v", ids)
		}
	})
}

func TestPersons_29_RestoreNamesTakenAliases(t *testing.T) {
	each(t, func(e *env) {
		iin, phone := aliasOf("personal_number", "990101300123"), aliasOf("phone", "+77011234567")
		p := e.create("other", iin, phone, aliasOf("custom", "still free"))
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		q := e.create("other", iin)
		r := e.create("other", phone)
		e.unchanged(func() {
			got := e.call(e.a, "POST", base+p.ID+"/restore/", object{}).refused(409, "RESTORE_CONFLICT")
			conflicts := got.Error.Details["conflicts"].([]any)
			owners := map[any]any{}
			for _, c := range conflicts {
				owners[c.(map[string]any)["type"]] = c.(map[string]any)["person_id"]
			}
			if len(conflicts) != 2 || owners["PERSONAL_NUMBER"] != q.ID || owners["PHONE"] != r.ID {
				t.Errorf("conflicts %v", conflicts)
			}
		})
		if got := e.get(p.ID); got.DeletedAt == nil {
			t.Error("the person is live")
		}
	})
}

func TestPersons_30_LivePersonCannotBeRestored(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		e.unchanged(func() {
			e.call(e.a, "POST", base+p.ID+"/restore/", nil).refused(409, "PERSON_NOT_DELETED")
		})
	})
}

func TestPersons_32_OperatorChangesCarryTheOperator(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		start := e.clock.Now().Add(-time.Second)
		_, _, err := e.registry.AddAlias(e.Context(), e.a.operator, idem.PersonID(p.ID), registry.AliasInput{Type: idem.AliasCustom, Value: "by hand"})
		must(t, err)
		a := e.actions(p.ID)[0]
		if a.Type != "ALIAS_ADDED" || a.Source != "CABINET" || a.User == nil || *a.User != string(e.a.operator.Actor.Operator) || a.Key != nil || a.Session != nil {
			t.Errorf("action %+v", a)
		}
		if a.At.Before(start) || a.At.After(e.clock.Now().Add(time.Second)) {
			t.Errorf("time %v", a.At)
		}
		if got := e.actions(p.ID, "&user_id="+*a.User); len(got) != 1 {
			t.Errorf("filtered by operator: %v", typesOf(got))
		}
		if got := e.actions(p.ID, "&source=api"); len(got) != 2 || slices.Contains(typesOf(got), "ALIAS_ADDED") {
			t.Errorf("filtered by source: %v", typesOf(got))
		}
	})
}

func TestPersons_33_APIChangesCarryTheKey(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "confidential 123"))
		all := e.actions(p.ID)
		if got := typesOf(all); !slices.Equal(got, []string{"PHOTO_ADDED", "ALIAS_ADDED", "PERSON_CREATED"}) {
			t.Errorf("actions %v", got)
		}
		for _, a := range all {
			if a.Source != "API" || a.User != nil || a.Session != nil || a.Key == nil {
				t.Errorf("action %+v", a)
			}
		}
		if data, _ := json.Marshal(all); strings.Contains(string(data), "confidential") {
			t.Errorf("an action holds a clear value: %s", data)
		}
	})
}

func TestPersons_36_NoSubscriptionNoPerson(t *testing.T) {
	each(t, func(e *env) {
		must(t, e.access.Limit(e.Context(), e.a.org, idem.TechPersons, 0))
		e.unchanged(func() {
			r := e.call(e.a, "POST", base, newBody("other")).refused(403, "SUBSCRIPTION_REQUIRED")
			if r.Error.Details["technology"] != "PERSONS" {
				t.Errorf("details %v", r.Error.Details)
			}
			_, _, err := e.registry.Create(e.Context(), e.a.operator, registry.NewPerson{Photo: upload("x", 0)})
			if !errors.Is(err, idem.ErrSubscriptionRequired) {
				t.Errorf("an operator creating: %v", err)
			}
		})
	})
}

func TestPersons_40_FutureSubscriptionTakesOver(t *testing.T) {
	each(t, func(e *env) {
		must(t, e.access.Limit(e.Context(), e.a.org, idem.TechPersons, 1))
		e.grant(5)
		e.create("other")
		e.create("other")
		if left := e.left(e.a); left != 4 {
			t.Errorf("%d units left, want 4", left)
		}
	})
}

func TestPersons_41_RefusedCreationSpendsNothing(t *testing.T) {
	each(t, func(e *env) {
		e.create("other", aliasOf("custom", "taken"))
		left := e.left(e.a)
		e.call(e.a, "POST", base, newBody("other", aliasOf("custom", "taken"))).refused(409, "ALIAS_CONFLICT")
		if e.left(e.a) != left {
			t.Error("a unit was spent")
		}
	})
}

func TestPersons_83_BatchReportsEachItem(t *testing.T) {
	each(t, func(e *env) {
		items := make([]object, 100)
		for i := range items {
			items[i] = newBody("other", aliasOf("custom", uuid.NewString()))
		}
		items[41]["image_b64"] = base64.StdEncoding.EncodeToString([]byte("no picture"))
		r := e.call(e.a, "POST", base+"batch/", object{"items": items}).is(http.StatusMultiStatus)
		got := read[struct {
			Items []struct {
				Index, Status int
				Person        *person
				Error         *struct{ Code, Field string }
			}
			Created, Failed int
		}](r)
		if got.Created != 99 || got.Failed != 1 || len(got.Items) != 100 {
			t.Fatalf("created %d, failed %d of %d", got.Created, got.Failed, len(got.Items))
		}
		for i, item := range got.Items {
			if item.Index != i || (item.Status == 201) != (i != 41) || (item.Person != nil) != (i != 41) {
				t.Errorf("item %d: %+v", i, item)
			}
		}
		if bad := got.Items[41].Error; bad == nil || bad.Code != "IMAGE_TYPE_UNSUPPORTED" || bad.Field != "items[41].image_b64" {
			t.Errorf("item 41: %+v", bad)
		}
		c := e.contents(e.a)
		if c.Persons != 99 || c.Blobs != 99 || c.Left != 901 {
			t.Errorf("stored %+v", c)
		}
	})
}
