package persons_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
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
