package httpapi_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/face/facetest"
)

func TestCreateAndReadPerson(t *testing.T) {
	each(t, func(w *world) {
		made := w.call("POST", "/v1/persons", newPerson("ann", object{"type": "phone", "value": "8 701 000 00 01"})).is(201)
		id := made.text("id")
		if made.header.Get("Location") != "/v1/persons/"+id || made.header.Get("ETag") != `"1"` {
			t.Errorf("headers %v", made.header)
		}
		read := w.call("GET", "/v1/persons/"+id, nil).is(200)
		if read.text("aliases.0.type") != "SYSTEM_ID" || read.text("aliases.0.value") != id || read.text("aliases.1.value") != "8 701 000 00 01" {
			t.Errorf("aliases: %s", read.raw)
		}
		if read.text("photos.0.face_code") != "OK" || read.get("photos.0.default") != true || read.text("default_photo_id") != read.text("photos.0.id") {
			t.Errorf("photo: %s", read.raw)
		}
		if read.get("deleted_at") != nil || read.get("verified") != false || read.header.Get("ETag") != `"1"` {
			t.Errorf("person: %s", read.raw)
		}
	})
}

func TestCreatePersonByForm(t *testing.T) {
	each(t, func(w *world) {
		body, kind := form(t, map[string]any{"image": portrait("bob", 0), "photo_type": "LIVE", "verified": "true",
			"aliases": `[{"type":"CUSTOM","value":"crm-7"}]`})
		made := w.do(request{method: "POST", path: "/v1/persons", body: body, header: map[string]string{"Content-Type": kind}}).is(201)
		if made.get("verified") != true || made.text("photos.0.type") != "live" || made.text("aliases.1.value") != "crm-7" {
			t.Errorf("person: %s", made.raw)
		}
	})
}

func TestPersonsPage(t *testing.T) {
	each(t, func(w *world) {
		var ids []string
		for i := range 5 {
			ids = append(ids, w.createPerson(fmt.Sprint("p", i)))
		}
		w.call("PATCH", "/v1/persons/"+ids[1], object{"verified": true}).is(200)
		w.call("DELETE", "/v1/persons/"+ids[2], nil).is(204)
		seen := w.walk("/v1/persons?limit=2&order=oldest")
		if fmt.Sprint(seen) != fmt.Sprint([]string{ids[0], ids[1], ids[3], ids[4]}) {
			t.Errorf("walked %v of %v", seen, ids)
		}
		if got := w.walk("/v1/persons?verified=true"); len(got) != 1 || got[0] != ids[1] {
			t.Errorf("verified: %v", got)
		}
		if got := w.walk("/v1/persons?state=deleted"); len(got) != 1 || got[0] != ids[2] {
			t.Errorf("deleted: %v", got)
		}
		if got := w.walk("/v1/persons?limit=1&state=all"); len(got) != 5 {
			t.Errorf("all: %v", got)
		}
	})
}

// walk follows a list to its end.
func (w *world) walk(path string) (ids []string) {
	w.t.Helper()
	for cursor := ""; ; {
		page := w.call("GET", path+cursor, nil).is(200)
		for i := range page.list("data") {
			ids = append(ids, page.list("data")[i].(map[string]any)["id"].(string))
		}
		next := page.text("next_cursor")
		if next == "" {
			return ids
		}
		separator := "&"
		if !bytes.Contains([]byte(path), []byte("?")) {
			separator = "?"
		}
		cursor = separator + "cursor=" + next
	}
}

func TestCursorRefusals(t *testing.T) {
	each(t, func(w *world) {
		for i := range 3 {
			w.createPerson(fmt.Sprint("p", i))
		}
		next := w.call("GET", "/v1/persons?limit=1", nil).is(200).text("next_cursor")
		w.call("GET", "/v1/persons?limit=1&state=all&cursor="+next, nil).is(400, "INVALID_CURSOR").at("query.cursor")
		w.call("GET", "/v1/persons?cursor=AAAA", nil).is(400, "INVALID_CURSOR")
		w.call("GET", "/v1/persons?cursor="+next+"AA", nil).is(400, "INVALID_CURSOR")
		w.call("GET", "/v1/persons?limit=0", nil).is(422, "VALIDATION_FAILED").at("query.limit")
		w.call("GET", "/v1/persons?limit=101", nil).is(422, "VALIDATION_FAILED").at("query.limit")
		w.call("GET", "/v1/persons?colour=red", nil).is(422, "VALIDATION_FAILED").at("query.colour")
	})
}

func TestVersions(t *testing.T) {
	each(t, func(w *world) {
		path := "/v1/persons/" + w.createPerson("ann")
		patch := func(tag string, on bool) *reply {
			return w.do(request{method: "PATCH", path: path, body: object{"verified": on}, header: map[string]string{"If-Match": tag}})
		}
		if got := patch(`"1"`, true).is(200); got.header.Get("ETag") != `"2"` || got.number("version") != 2 {
			t.Errorf("after the change: %v %s", got.header, got.raw)
		}
		patch(`"1"`, false).is(412, "VERSION_MISMATCH")
		patch(`W/"2"`, false).is(400, "IF_MATCH_INVALID").at("header.If-Match")
		patch(`*`, true).is(200)
		if got := w.call("GET", path, nil); got.header.Get("ETag") != `"2"` {
			t.Errorf("a change to the same value counted: %v", got.header)
		}
	})
}

func TestDeleteRestoreErase(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann", object{"type": "PHONE", "value": "+77010000001"})
		path := "/v1/persons/" + id
		w.call("DELETE", path, nil).is(204)
		w.call("DELETE", path, nil).is(409, "PERSON_DELETED")
		if got := w.call("GET", path, nil).is(200); got.get("deleted_at") == nil {
			t.Errorf("deleted: %s", got.raw)
		}
		w.call("POST", path+"/restore", nil).is(200)
		w.call("POST", path+"/restore", nil).is(409, "PERSON_NOT_DELETED")
		receipt := w.call("POST", path+"/erase", object{"reason": "asked for"}).is(200)
		if receipt.number("photos") != 1 || receipt.number("aliases") != 1 || receipt.number("templates") != 1 || len(receipt.text("action_hash")) != 64 {
			t.Errorf("receipt: %s", receipt.raw)
		}
		w.call("POST", path+"/erase", object{"reason": "again"}).is(409, "PERSON_ERASED")
		w.call("POST", path+"/erase", object{"reason": ""}).is(422, "VALIDATION_FAILED").at("/reason")
		w.call("POST", "/v1/identify", object{"image": b64(portrait("ann", 3))}).is(200)
		if got := w.call("GET", path, nil).is(200); got.get("erased_at") == nil || len(got.list("photos")) != 0 {
			t.Errorf("erased: %s", got.raw)
		}
	})
}

func TestAliases(t *testing.T) {
	each(t, func(w *world) {
		ann, bob := w.createPerson("ann"), w.createPerson("bob")
		phone := object{"type": "PHONE", "value": "+77010000001"}
		aliases := "/v1/persons/" + ann + "/aliases"
		added := w.call("POST", aliases, phone).is(201)
		w.call("POST", aliases, phone).is(200)
		conflict := w.call("POST", "/v1/persons/"+bob+"/aliases", phone).is(409, "ALIAS_CONFLICT").at("/value")
		if conflict.text("details.conflicts.0.person_id") != ann || bytes.Contains(conflict.raw, []byte("77010000001")) {
			t.Errorf("conflict: %s", conflict.raw)
		}
		changed := w.call("PATCH", aliases+"/"+added.text("id"), object{"value": "+77010000002"}).is(200)
		if changed.text("value") != "+77010000002" {
			t.Errorf("changed: %s", changed.raw)
		}
		system := w.call("GET", aliases, nil).is(200).text("data.0.id")
		w.call("DELETE", aliases+"/"+system, nil).is(409, "SYSTEM_ALIAS_PROTECTED")
		w.call("POST", aliases, object{"type": "SYSTEM_ID", "value": ann}).is(422, "ALIAS_TYPE_NOT_ALLOWED").at("/type")
		w.call("POST", aliases, object{"type": "PET", "value": "x"}).is(422, "ALIAS_TYPE_NOT_ALLOWED").at("/type")
		w.call("POST", aliases, object{"type": "PHONE", "value": "abc"}).is(422, "ALIAS_VALUE_INVALID").at("/value")
		w.call("POST", "/v1/persons", newPerson("cyd", object{"type": "PHONE", "value": "+77010000002"})).
			is(409, "ALIAS_CONFLICT").at("/aliases/0/value")

		found := w.call("POST", "/v1/persons/search", object{"aliases": []object{{"value": "8 701 000 00 02"}, {"type": "system_id", "value": bob}}}).is(200)
		if found.text("match") != "many" || found.text("person_ids.0") != ann || found.text("person_ids.1") != bob {
			t.Errorf("search: %s", found.raw)
		}
		w.call("DELETE", aliases+"/"+added.text("id"), nil).is(204)
		w.call("DELETE", aliases+"/"+added.text("id"), nil).is(404, "ALIAS_NOT_FOUND")
		if got := w.call("POST", "/v1/persons/search", object{"aliases": []object{{"value": "+77010000002"}}}).is(200); got.text("match") != "none" {
			t.Errorf("search: %s", got.raw)
		}
	})
}

func TestPhotos(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann")
		photos := "/v1/persons/" + id + "/photos"
		body, kind := form(t, map[string]any{"image": portrait("ann", 1), "photo_type": "digital"})
		added := w.do(request{method: "POST", path: photos, body: body, header: map[string]string{"Content-Type": kind}}).is(201)
		if added.get("default") != true || len(added.list("similar_persons")) != 0 {
			t.Errorf("added: %s", added.raw)
		}
		list := w.call("GET", photos, nil).is(200)
		first := list.text("data.0.id")
		if list.get("data.0.default") != false || list.text("data.1.id") != added.text("id") {
			t.Errorf("photos: %s", list.raw)
		}
		image := w.call("GET", added.text("image_url"), nil).is(200)
		if image.header.Get("Content-Type") != "image/jpeg" || image.header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("headers: %v", image.header)
		}
		if _, err := jpeg.Decode(bytes.NewReader(image.raw)); err != nil {
			t.Error(err)
		}
		w.call("PATCH", photos+"/"+first, object{"default": false}).is(409, "DEFAULT_REQUIRED").at("/default")
		if got := w.call("PATCH", photos+"/"+first, object{"default": true}).is(200); got.get("default") != true {
			t.Errorf("default: %s", got.raw)
		}
		w.call("DELETE", photos+"/"+added.text("id"), nil).is(204)
		w.call("DELETE", photos+"/"+first, nil).is(409, "LAST_DEFAULT_PHOTO")
		w.call("DELETE", photos+"/"+added.text("id"), nil).is(404, "PHOTO_NOT_FOUND")
		w.call("GET", added.text("image_url"), nil).is(404, "PHOTO_NOT_FOUND")
		w.call("POST", photos, object{"image": b64(portrait("ann", 2)), "photo_type": "sketch"}).is(422, "VALIDATION_FAILED").at("/photo_type")
	})
}

func TestFaceUniqueness(t *testing.T) {
	each(t, func(w *world) {
		ann := w.createPerson("ann")
		again := w.call("POST", "/v1/persons", newPerson("ann")).is(201)
		if again.text("similar_persons.0.person_id") != ann || again.get("similar_persons.0.duplicate") != true {
			t.Errorf("flagged: %s", again.raw)
		}
		w.call("PATCH", "/v1/organisation", object{"settings": object{"face_uniqueness": "reject"}}).is(200)
		w.call("POST", "/v1/persons", newPerson("ann")).is(409, "FACE_ALREADY_KNOWN")
		w.call("POST", "/v1/persons", object{"image": b64(facetest.JPEG(facetest.Plain())), "photo_type": "other"}).
			is(422, "FACE_NOT_FOUND").at("/image")
	})
}

func TestActions(t *testing.T) {
	each(t, func(w *world) {
		start := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		id := w.createPerson("ann", object{"type": "CUSTOM", "value": "card-0123456789"})
		path := "/v1/persons/" + id + "/actions"
		w.call("PATCH", "/v1/persons/"+id, object{"verified": true}).is(200)
		list := w.call("GET", path, nil).is(200)
		if list.text("data.0.type") != "VERIFICATION_CHANGED" || list.text("data.0.source") != "API" || list.text("data.0.key_id") == "" {
			t.Errorf("actions: %s", list.raw)
		}
		if bytes.Contains(list.raw, []byte("card-0123456789")) {
			t.Errorf("a clear value in %s", list.raw)
		}
		if got := w.call("GET", path+"?type=ALIAS_ADDED&from="+start, nil).is(200); len(got.list("data")) != 1 {
			t.Errorf("filtered: %s", got.raw)
		}
		first := w.call("GET", path+"?limit=1", nil).is(200)
		second := w.call("GET", path+"?limit=1&cursor="+first.text("next_cursor"), nil).is(200)
		if second.number("data.0.seq") >= first.number("data.0.seq") {
			t.Errorf("pages: %s %s", first.raw, second.raw)
		}
		for _, method := range []string{"POST", "PATCH", "DELETE", "PUT"} {
			if got := w.call(method, path, object{}).is(405, "METHOD_NOT_ALLOWED"); got.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow %q", got.header.Get("Allow"))
			}
		}
	})
}
