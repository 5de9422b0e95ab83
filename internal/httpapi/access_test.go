package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestKeyRefusals(t *testing.T) {
	each(t, func(w *world) {
		missing := w.do(request{method: "GET", path: "/v1/persons", key: "-"}).is(401, "API_KEY_MISSING")
		if missing.header.Get("WWW-Authenticate") == "" {
			t.Errorf("headers: %v", missing.header)
		}
		expired := w.expiredKey()
		revoked := w.call("POST", "/v1/keys", object{"kind": "secret", "name": "revoked"}).is(201)
		w.do(request{method: "GET", path: "/v1/persons", key: revoked.text("secret")}).is(200)
		w.call("DELETE", "/v1/keys/"+revoked.text("id"), nil).is(204)
		w.call("DELETE", "/v1/keys/"+revoked.text("id"), nil).is(204)
		var bodies []string
		for _, key := range []string{"sk_unknown", w.key[:len(w.key)-1] + "x", w.org.APIKey, w.org.Bearer, expired, revoked.text("secret"), strings.Repeat("x", 5000)} {
			got := w.do(request{method: "GET", path: "/v1/persons", key: key}).is(401, "API_KEY_INVALID")
			bodies = append(bodies, strings.ReplaceAll(string(got.raw), got.text("request_id"), ""))
		}
		for _, b := range bodies {
			if b != bodies[0] {
				t.Errorf("refusals differ: %s and %s", b, bodies[0])
			}
		}
		for _, header := range []string{"Basic abc", "Bearer", "Bearer  ", w.key} {
			w.do(request{method: "GET", path: "/v1/persons", key: "-", header: map[string]string{"Authorization": header}}).is(401, "API_KEY_INVALID")
		}
	})
}

// expiredKey makes a key and lets its time pass.
func (w *world) expiredKey() string {
	w.t.Helper()
	end := w.now().Add(time.Hour).UTC().Format(time.RFC3339Nano)
	made := w.call("POST", "/v1/keys", object{"kind": "secret", "name": "short", "expires_at": end}).is(201)
	w.do(request{method: "GET", path: "/v1/persons", key: made.text("secret")}).is(200)
	w.skew.Add(int64(time.Hour))
	return made.text("secret")
}

// unlike returns an identifier of the same form that nothing has.
func unlike(id string) string {
	if last := len(id) - 1; id[last] != '0' {
		return id[:last] + "0"
	}
	return id[:len(id)-1] + "1"
}

func TestPermissions(t *testing.T) {
	each(t, func(w *world) {
		reader := w.call("POST", "/v1/keys", object{"kind": "secret", "name": "reader", "permissions": []string{"persons.read"}}).is(201).text("secret")
		id := w.createPerson("ann")
		photo := w.call("GET", "/v1/persons/"+id, nil).text("photos.0.image_url")
		w.do(request{method: "GET", path: "/v1/persons/" + id, key: reader}).is(200)
		for path, method := range map[string]string{
			"/v1/persons": "POST", "/v1/persons/" + id: "DELETE", "/v1/persons/" + id + "/erase": "POST", photo: "GET",
			"/v1/persons/" + id + "/actions": "GET", "/v1/identify": "POST", "/v1/verify": "POST", "/v1/organisation": "GET",
			"/v1/keys": "POST", "/v1/operators": "GET", "/v1/subscriptions": "GET",
		} {
			refused := w.do(request{method: method, path: path, key: reader, body: bodyFor(method)}).is(403, "ROLE_FORBIDDEN")
			if refused.text("details.permission") == "" {
				t.Errorf("%s %s: %s", method, path, refused.raw)
			}
		}
	})
}

func bodyFor(method string) any {
	if method == "GET" || method == "DELETE" {
		return nil
	}
	return object{}
}

func TestNobodyGrantsMoreThanTheyHave(t *testing.T) {
	each(t, func(w *world) {
		narrow := w.call("POST", "/v1/keys", object{"kind": "secret", "name": "narrow", "permissions": []string{"keys.manage", "persons.read"}}).is(201).text("secret")
		as := func(method, path string, body any) *reply {
			return w.do(request{method: method, path: path, key: narrow, body: body})
		}
		as("POST", "/v1/keys", object{"kind": "secret", "name": "wide", "permissions": []string{"persons.erase"}}).is(403, "ROLE_FORBIDDEN")
		as("POST", "/v1/operators", object{"email": "x@example.com", "role": "admin"}).is(403, "ROLE_FORBIDDEN")
		if got := as("POST", "/v1/keys", object{"kind": "secret", "name": "same"}).is(201); fmt.Sprint(got.list("permissions")) != "[persons.read keys.manage]" {
			t.Errorf("permissions: %s", got.raw)
		}
		for _, k := range w.call("GET", "/v1/keys", nil).is(200).list("data") {
			if key := k.(map[string]any); key["kind"] == "persons" {
				as("GET", "/v1/keys/"+key["id"].(string)+"/secret", nil).is(403, "ROLE_FORBIDDEN")
			}
		}
	})
}

func TestKeys(t *testing.T) {
	each(t, func(w *world) {
		made := w.call("POST", "/v1/keys", object{"kind": "persons", "name": "crm"}).is(201)
		if len(made.text("secret")) != 47 || made.text("hint") != made.text("secret")[43:] {
			t.Errorf("made: %s", made.raw)
		}
		if got := w.call("GET", "/v1/keys/"+made.text("id")+"/secret", nil).is(200); got.text("secret") != made.text("secret") {
			t.Errorf("shown again: %s", got.raw)
		}
		list := w.call("GET", "/v1/keys", nil).is(200)
		if len(list.list("data")) != 4 || strings.Contains(string(list.raw), made.text("secret")) || strings.Contains(string(list.raw), w.key) {
			t.Errorf("list: %s", list.raw)
		}
		secret := w.call("POST", "/v1/keys", object{"kind": "secret", "name": "x"}).is(201)
		w.call("GET", "/v1/keys/"+secret.text("id")+"/secret", nil).is(409, "SECRET_NOT_KEPT")
		w.call("GET", "/v1/keys/nothing/secret", nil).is(404, "CREDENTIAL_NOT_FOUND")
		w.call("DELETE", "/v1/keys/"+unlike(secret.text("id")), nil).is(404, "CREDENTIAL_NOT_FOUND")
		w.call("POST", "/v1/keys", object{"kind": "flow", "name": "x"}).is(422, "VALIDATION_FAILED").at("/kind")
		w.call("POST", "/v1/keys", object{"kind": "secret", "name": " "}).is(422, "VALIDATION_FAILED").at("/name")
		w.call("POST", "/v1/keys", object{"kind": "secret", "name": "x", "permissions": []string{"persons.read", "all"}}).
			is(422, "VALIDATION_FAILED").at("/permissions/1")
		w.call("POST", "/v1/keys", object{"kind": "secret", "name": "x", "expires_at": "2020-01-01T00:00:00Z"}).is(422, "VALIDATION_FAILED").at("/expires_at")
	})
}

func TestOperators(t *testing.T) {
	each(t, func(w *world) {
		made := w.call("POST", "/v1/operators", object{"email": "Aigul@Example.com", "role": "operator"}).is(201)
		if made.text("email") != "aigul@example.com" || len(made.text("password")) != 24 {
			t.Errorf("made: %s", made.raw)
		}
		w.call("POST", "/v1/operators", object{"email": "aigul@example.com", "role": "auditor"}).is(409, "OPERATOR_EXISTS")
		w.call("POST", "/v1/operators", object{"email": "nobody", "role": "auditor"}).is(422, "VALIDATION_FAILED").at("/email")
		w.call("POST", "/v1/operators", object{"email": "a@b.example", "role": "king"}).is(422, "VALIDATION_FAILED").at("/role")
		w.call("POST", "/v1/operators", object{"email": "a@b.example", "role": "auditor", "password": "short"}).is(422, "VALIDATION_FAILED").at("/password")
		path := "/v1/operators/" + made.text("id")
		if got := w.call("PATCH", path, object{"role": "auditor", "disabled": true}).is(200); got.text("role") != "auditor" || got.get("disabled_at") == nil {
			t.Errorf("changed: %s", got.raw)
		}
		if got := w.call("PATCH", path, object{"disabled": false}).is(200); got.get("disabled_at") != nil || got.text("role") != "auditor" {
			t.Errorf("enabled: %s", got.raw)
		}
		first := w.call("GET", "/v1/operators", nil).is(200)
		for _, o := range first.list("data") {
			if op := o.(map[string]any); op["role"] == "admin" {
				w.call("PATCH", "/v1/operators/"+op["id"].(string), object{"role": "operator"}).is(409, "LAST_ADMIN")
				w.call("PATCH", "/v1/operators/"+op["id"].(string), object{"disabled": true}).is(409, "LAST_ADMIN")
			}
		}
		w.call("PATCH", "/v1/operators/"+unlike(made.text("id")), object{}).is(404, "OPERATOR_NOT_FOUND")
		w.call("PATCH", "/v1/operators/x", object{}).is(404, "OPERATOR_NOT_FOUND")
		if strings.Contains(string(first.raw), "argon2") {
			t.Errorf("a hash in %s", first.raw)
		}
	})
}

func TestOrganisation(t *testing.T) {
	each(t, func(w *world) {
		read := w.call("GET", "/v1/organisation", nil).is(200)
		if read.text("name") != "First" || read.text("settings.face_uniqueness") != "flag" || read.header.Get("ETag") != `"1"` {
			t.Errorf("read: %v %s", read.header, read.raw)
		}
		patch := func(tag string, body object) *reply {
			return w.do(request{method: "PATCH", path: "/v1/organisation", body: body, header: map[string]string{"If-Match": tag}})
		}
		changed := patch(`"1"`, object{"settings": object{"country": "KZ", "max_photos": 5}}).is(200)
		if changed.text("settings.country") != "KZ" || changed.number("settings.max_photos") != 5 || changed.header.Get("ETag") != `"2"` {
			t.Errorf("changed: %s", changed.raw)
		}
		patch(`"1"`, object{"name": "Second"}).is(412, "VERSION_MISMATCH")
		patch(`*`, object{"settings": object{"duplicate_fmr": 1e-3, "similar_fmr": 1e-5}}).is(422, "VALIDATION_FAILED").at("/settings/similar_fmr")
		patch(`*`, object{"settings": object{"duplicate_fmr": 1e-9}}).is(422, "VALIDATION_FAILED").at("/settings/duplicate_fmr")
		patch(`*`, object{"settings": object{"face_uniqueness": "maybe"}}).is(422, "VALIDATION_FAILED").at("/settings/face_uniqueness")
		if got := patch(`*`, object{}).is(200); got.header.Get("ETag") != `"2"` {
			t.Errorf("changing nothing counted: %v", got.header)
		}
	})
}

func TestSubscriptions(t *testing.T) {
	each(t, func(w *world) {
		list := w.call("GET", "/v1/subscriptions", nil).is(200)
		if len(list.list("data")) != 8 || list.text("data.0.status") != "ACTIVE" || list.get("data.0.left") != nil {
			t.Errorf("list: %s", list.raw)
		}
		if err := w.access.Limit(t.Context(), w.org.OrgID, "PERSONS", 1); err != nil {
			t.Fatal(err)
		}
		w.createPerson("ann")
		w.call("POST", "/v1/persons", newPerson("bob")).is(403, "SUBSCRIPTION_LIMIT_REACHED")
		if err := w.access.Limit(t.Context(), w.org.OrgID, "PERSONS", 0); err != nil {
			t.Fatal(err)
		}
		refused := w.call("POST", "/v1/persons", newPerson("bob"))
		if refused.status != 403 {
			t.Errorf("status %d: %s", refused.status, refused.raw)
		}
	})
}

func TestOtherTenantsSeeNothing(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann", object{"type": "PHONE", "value": "+77010000001"})
		mine := w.call("GET", "/v1/persons/"+id, nil).is(200)
		stranger := w.newOrganisation("Second").SecretKey
		as := func(method, path string, body any) *reply {
			return w.do(request{method: method, path: path, key: stranger, body: body})
		}
		person, photo, alias := "/v1/persons/"+id, mine.text("photos.0.image_url"), mine.text("aliases.1.id")
		for path, method := range map[string]string{
			person: "GET", person + "/aliases": "GET", person + "/photos": "GET", person + "/actions": "GET", photo: "GET",
			person + "/restore": "POST", person + "/aliases/" + alias: "DELETE", strings.TrimSuffix(photo, "/image"): "DELETE",
		} {
			got := as(method, path, nil).is(404, "PERSON_NOT_FOUND")
			unknown := as(method, strings.ReplaceAll(path, id, unlike(id)), nil).is(404, "PERSON_NOT_FOUND")
			if strings.ReplaceAll(string(got.raw), got.text("request_id"), "") != strings.ReplaceAll(string(unknown.raw), unknown.text("request_id"), "") {
				t.Errorf("a stranger's identifier shows: %s %s", got.raw, unknown.raw)
			}
		}
		as("PATCH", person, object{"verified": true}).is(404, "PERSON_NOT_FOUND")
		as("POST", person+"/erase", object{"reason": "x"}).is(404, "PERSON_NOT_FOUND")
		as("POST", "/v1/verify", object{"image": b64(portrait("ann", 1)), "person_id": id}).is(404, "PERSON_NOT_FOUND")
		found := as("POST", "/v1/identify", object{"image": b64(portrait("ann", 1)), "min_score": -1}).is(200)
		if len(found.list("candidates")) != 0 || found.number("compared") != 0 {
			t.Errorf("identify: %s", found.raw)
		}
		if got := as("GET", "/v1/persons?state=all", nil).is(200); len(got.list("data")) != 0 {
			t.Errorf("list: %s", got.raw)
		}
		as("POST", "/v1/persons", newPerson("bob", object{"type": "PHONE", "value": "+77010000001"})).is(201)
	})
}
