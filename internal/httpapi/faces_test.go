package httpapi_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
)

func TestIdentify(t *testing.T) {
	each(t, func(w *world) {
		var ids []string
		for i := range 4 {
			ids = append(ids, w.createPerson(fmt.Sprint("p", i)))
		}
		w.call("PATCH", "/v1/persons/"+ids[1], object{"verified": true}).is(200)
		found := w.call("POST", "/v1/identify", object{"image": b64(portrait("p1", 9)), "fmr": 1e-5}).is(200)
		if found.text("candidates.0.person_id") != ids[1] || found.get("candidates.1") != nil || found.number("candidates.0.score") < 0.8 {
			t.Errorf("candidates: %s", found.raw)
		}
		if found.number("compared") != 4 || found.number("expected_false_candidates") != 4*1e-5 || found.number("position") < 4 ||
			found.number("threshold") != 0.49 || found.text("face.code") != "OK" || found.number("face.box.width") <= 0 {
			t.Errorf("numbers: %s", found.raw)
		}
		wide := w.call("POST", "/v1/identify", object{"image": b64(portrait("p1", 9)), "min_score": -1, "k": 2}).is(200)
		if len(wide.list("candidates")) != 2 {
			t.Errorf("k: %s", wide.raw)
		}
		only := func(filter object) int {
			filter["image"], filter["min_score"] = b64(portrait("p1", 9)), -1
			return len(w.call("POST", "/v1/identify", filter).is(200).list("candidates"))
		}
		if got := []int{only(object{"verified": true}), only(object{"verified": false}), only(object{"ids": []string{ids[0], ids[2], "nobody"}}),
			only(object{"ids": []string{}})}; fmt.Sprint(got) != "[1 3 2 0]" {
			t.Errorf("filtered candidates: %v", got)
		}
		w.call("DELETE", "/v1/persons/"+ids[1], nil).is(204)
		if got := w.call("POST", "/v1/identify", object{"image": b64(portrait("p1", 9))}).is(200); len(got.list("candidates")) != 0 {
			t.Errorf("a deleted person: %s", got.raw)
		}
	})
}

// TestIdentifyAmongPersons names persons that are here, elsewhere and nowhere.
func TestIdentifyAmongPersons(t *testing.T) {
	each(t, func(w *world) {
		ann, bob := w.createPerson("ann"), w.createPerson("bob")
		first := w.key
		w.key = w.newOrganisation("Second").SecretKey
		elsewhere := w.createPerson("ann")
		w.key = first
		among := func(ids ...string) *reply {
			return w.call("POST", "/v1/identify", object{"image": b64(portrait("ann", 5)), "min_score": -1, "ids": ids}).is(200)
		}
		if got := among(ann, ann, elsewhere, "nobody", ""); got.number("compared") != 1 || got.text("candidates.0.person_id") != ann || got.get("candidates.1") != nil {
			t.Errorf("among one: %s", got.raw)
		}
		if got := among(bob); got.number("compared") != 1 || got.text("candidates.0.person_id") != bob {
			t.Errorf("among others: %s", got.raw)
		}
		there, nowhere := among(elsewhere), among("0193a000-0000-7000-8000-00000000000a")
		if string(there.raw) != string(nowhere.raw) || there.number("compared") != 0 || len(there.list("candidates")) != 0 {
			t.Errorf("a stranger's person shows: %s %s", there.raw, nowhere.raw)
		}
		late := w.createPerson("cleo")
		if got := among(late, bob); got.number("compared") != 2 || len(got.list("candidates")) != 2 {
			t.Errorf("a person that came later: %s", got.raw)
		}
		w.manyPersons(t, ann)
	})
}

// manyPersons names as many persons as may be named, and one more.
func (w *world) manyPersons(t *testing.T, ann string) {
	ids := make([]string, 10_000)
	for i := range ids {
		ids[i] = idem.UUIDv7{}.New()
	}
	ids[7_000] = ann
	text, err := json.Marshal(ids)
	if err != nil {
		t.Fatal(err)
	}
	body, kind := form(t, map[string]any{"image": portrait("ann", 1), "ids": string(text)})
	found := w.do(request{method: "POST", path: "/v1/identify", body: body, header: map[string]string{"Content-Type": kind}}).is(200)
	if found.number("compared") != 1 || found.text("candidates.0.person_id") != ann {
		t.Errorf("by form: %s", found.raw)
	}
	w.call("POST", "/v1/identify", object{"image": b64(portrait("ann", 1)), "ids": append(ids, ann)}).is(422, "VALIDATION_FAILED").at("/ids")
}

func TestIdentifyByForm(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann")
		body, kind := form(t, map[string]any{"image": portrait("ann", 1), "k": "3", "fmr": "1e-6", "ids": `["` + id + `"]`})
		found := w.do(request{method: "POST", path: "/v1/identify", body: body, header: map[string]string{"Content-Type": kind}}).is(200)
		if found.text("candidates.0.person_id") != id {
			t.Errorf("candidates: %s", found.raw)
		}
	})
}

func TestIdentifyRefusals(t *testing.T) {
	each(t, func(w *world) {
		image := b64(portrait("ann", 0))
		for _, fmr := range []float64{1e-7, 0.02, 0, -1} {
			w.call("POST", "/v1/identify", object{"image": image, "fmr": fmr}).is(422, "FMR_NOT_CALIBRATED").at("/fmr")
		}
		w.call("POST", "/v1/identify", object{"image": image, "k": 0}).is(422, "VALIDATION_FAILED").at("/k")
		w.call("POST", "/v1/identify", object{"image": image, "k": 101}).is(422, "VALIDATION_FAILED").at("/k")
		w.call("POST", "/v1/identify", object{"image": image, "min_score": 2}).is(422, "VALIDATION_FAILED").at("/min_score")
		w.call("POST", "/v1/identify", object{"image": image, "min_score": 0.5, "fmr": 1e-3}).is(422, "VALIDATION_FAILED").at("/fmr")
		w.call("POST", "/v1/identify", object{}).is(422, "VALIDATION_FAILED").at("/image")
		w.call("POST", "/v1/identify", object{"image": "%%%"}).is(400, "IMAGE_BASE64_INVALID").at("/image")
		w.call("POST", "/v1/identify", object{"image": 7}).is(422, "VALIDATION_FAILED").at("/image")
		w.call("POST", "/v1/identify", object{"image": b64([]byte("no picture at all"))}).is(415, "IMAGE_TYPE_UNSUPPORTED").at("/image")
		w.call("POST", "/v1/identify", object{"image": b64(portrait("ann", 0)[:300])}).is(422, "IMAGE_UNDECODABLE").at("/image")
	})
}

func TestFacesThatCannotBeCompared(t *testing.T) {
	each(t, func(w *world) {
		w.createPerson("ann")
		for code, picture := range map[face.Code][]byte{
			face.NotFound: facetest.JPEG(facetest.Plain()), face.TooSmall: facetest.JPEG(facetest.Tiny("ann")),
			face.LowQuality: facetest.JPEG(facetest.Blurred("ann")),
		} {
			found := w.call("POST", "/v1/identify", object{"image": b64(picture)}).is(200)
			if found.text("face.code") != string(code) || len(found.list("candidates")) != 0 || found.number("compared") != 0 {
				t.Errorf("%s: %s", code, found.raw)
			}
			if code == face.NotFound && found.get("face.box") != nil {
				t.Errorf("a box without a face: %s", found.raw)
			}
		}
		if found := w.call("POST", "/v1/identify", object{"image": b64(facetest.JPEG(facetest.Group("ann")))}).is(200); found.text("face.code") != "FACE_MULTIPLE" ||
			found.number("face.faces") != 3 || len(found.list("candidates")) != 1 {
			t.Errorf("a group: %s", found.raw)
		}
	})
}

func TestVerify(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann")
		same := w.call("POST", "/v1/verify", object{"image": b64(portrait("ann", 1)), "reference_image": b64(portrait("ann", 2))}).is(200)
		if same.get("match") != true || same.number("score") < 0.8 || same.number("threshold") != 0.42 || same.text("reference_face.code") != "OK" {
			t.Errorf("same: %s", same.raw)
		}
		other := w.call("POST", "/v1/verify", object{"image": b64(portrait("bob", 1)), "reference_image": b64(portrait("ann", 2))}).is(200)
		if other.get("match") != false || other.get("compared") != true {
			t.Errorf("other: %s", other.raw)
		}
		known := w.call("POST", "/v1/verify", object{"image": b64(portrait("ann", 1)), "person_id": id, "fmr": 1e-6}).is(200)
		if known.get("match") != true || known.text("photo_id") == "" || known.number("threshold") != 0.56 {
			t.Errorf("known: %s", known.raw)
		}
		none := w.call("POST", "/v1/verify", object{"image": b64(facetest.JPEG(facetest.Plain())), "person_id": id}).is(200)
		if none.get("match") != false || none.get("compared") != false || none.get("score") != nil || none.text("face.code") != "FACE_NOT_FOUND" {
			t.Errorf("none: %s", none.raw)
		}
		image := b64(portrait("ann", 1))
		w.call("POST", "/v1/verify", object{"image": image}).is(422, "VALIDATION_FAILED").at("/reference_image")
		w.call("POST", "/v1/verify", object{"image": image, "reference_image": image, "person_id": id}).is(422, "VALIDATION_FAILED")
		w.call("POST", "/v1/verify", object{"image": image, "reference_image": image, "fmr": 1e-9}).is(422, "FMR_NOT_CALIBRATED").at("/fmr")
		w.call("POST", "/v1/verify", object{"image": image, "person_id": "nobody"}).is(404, "PERSON_NOT_FOUND")
		w.call("POST", "/v1/verify", object{"image": image, "reference_image": b64([]byte("no"))}).is(415, "IMAGE_TYPE_UNSUPPORTED").at("/reference_image")
	})
}

func TestWithoutModels(t *testing.T) {
	eachWith(t, options{engine: facetest.Fake{Err: errSwitchedOff}}, func(w *world) {
		ready := w.do(request{method: "GET", path: "/readyz", key: "-"})
		if ready.status != 503 || ready.text("status") != "not_ready" || ready.get("parts.0.ready") != true ||
			ready.text("parts.1.code") != "FACE_ENGINE_UNAVAILABLE" {
			t.Errorf("readiness: %d %s", ready.status, ready.raw)
		}
		w.do(request{method: "GET", path: "/healthz", key: "-"}).is(200)
		image := b64(portrait("ann", 0))
		refused := w.call("POST", "/v1/identify", object{"image": image}).is(503, "FACE_ENGINE_UNAVAILABLE")
		if refused.header.Get("Retry-After") == "" {
			t.Errorf("no Retry-After: %v", refused.header)
		}
		w.call("POST", "/v1/verify", object{"image": image, "reference_image": image}).is(503, "FACE_ENGINE_UNAVAILABLE")
		w.call("POST", "/v1/persons", newPerson("ann")).is(503, "FACE_ENGINE_UNAVAILABLE")
		w.call("PATCH", "/v1/organisation", object{"settings": object{"face_uniqueness": "off"}}).is(200)
		if got := w.call("POST", "/v1/persons", newPerson("ann")).is(201); got.text("photos.0.face_code") != "NOT_ANALYSED" {
			t.Errorf("without an engine: %s", got.raw)
		}
	})
}
