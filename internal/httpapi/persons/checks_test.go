package persons_test

import (
	"bytes"
	"errors"
	"mime/multipart"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/facematch"
)

func (e *env) checks() *check.Checks {
	return check.New(check.Deps{Store: e.store, IDs: idem.UUIDv7{}, Pictures: picture.NewDecoder(picture.DefaultLimits(), nil),
		Technologies: []tech.Technology{facematch.New(e.engine)}})
}

// subscribe gives a tenant units of a technology.
func (e *env) subscribe(t tenant, code idem.TechCode, units int64) {
	e.Helper()
	_, err := e.access.Grant(e.Context(), t.org, access.Grant{Technology: code, Total: units})
	must(e, err)
}

// part is one part of a form: a text, or the bytes of a file.
type part struct {
	name string
	data any
}

// form sends a form with the key of the tenant in the header, or none.
func (e *env) form(t tenant, path string, parts ...part) reply {
	e.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range parts {
		switch v := p.data.(type) {
		case string:
			must(e, w.WriteField(p.name, v))
		case []byte:
			file, err := w.CreateFormFile(p.name, p.name)
			must(e, err)
			_, err = file.Write(v)
			must(e, err)
		}
	}
	must(e, w.Close())
	return e.call(t, "POST", path, body.Bytes(), "Content-Type", w.FormDataContentType())
}

func shot(identity string, variant uint8) []byte {
	return facetest.JPEG(facetest.Picture(identity, variant))
}

const comparePath = "/api/v1/backend/face2face/compare/"

func TestCompareFaces(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechFace2Face, 10)
		type comparison struct {
			Session string `json:"backend_session_id"`
			Result  bool
			Score   string `json:"prediction"`
			Percent string `json:"prediction_percent"`
			Failure *struct{ Type, Detail string }
		}
		same := read[comparison](e.form(e.a, comparePath, part{"img_1", shot("ann", 1)}, part{"img_2", shot("ann", 2)}).is(200))
		if !same.Result || same.Session == "" || same.Score != "1.0000" || same.Percent != "100.00" {
			t.Errorf("same: %+v", same)
		}
		other := e.form(tenant{}, comparePath, part{"api_key", e.a.key}, part{"img_1", shot("ann", 1)}, part{"img_2", shot("bob", 2)}).is(200)
		if got := read[comparison](other); got.Result || got.Score >= "0.5" || !bytes.Contains(other.body, []byte(`"failure_reason":{"type":"CALC_RESULT","detail":"faces_differ"}`)) {
			t.Errorf("other: %s", other.body)
		}
	})
}

func TestFormsAreChecked(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechFace2Face, 10)
		one, two := part{"img_1", shot("ann", 1)}, part{"img_2", shot("ann", 2)}
		e.form(tenant{}, comparePath, one, two).refused(401, "API_KEY_MISSING")
		e.form(tenant{key: "nobody's"}, comparePath, one, two).refused(401, "API_KEY_INVALID")
		e.form(e.a, comparePath, one, two, part{"api_key", "another"}).refused(400, "AMBIGUOUS_CREDENTIALS")
		e.form(e.b, comparePath, one, two).refused(403, "SUBSCRIPTION_REQUIRED")
		e.form(e.narrow(idem.PersonsRead), comparePath, one, two).refused(403, "ROLE_FORBIDDEN")
		e.form(e.a, comparePath, one).refused(422, "EVIDENCE_MISSING").at(t, "img_2")
		e.form(e.a, comparePath, one, one).refused(422, "VALIDATION_FAILED").at(t, "img_1")
		e.form(e.a, comparePath, one, two, part{"img_3", "x"}).refused(422, "VALIDATION_FAILED").at(t, "img_3")
		e.form(e.a, comparePath, one, part{"img_2", []byte("<svg/>")}).refused(415, "IMAGE_TYPE_UNSUPPORTED").at(t, "img_2")
		e.form(e.a, comparePath, one, part{"img_2", shot("ann", 2)[:200]}).refused(422, "IMAGE_UNDECODABLE").at(t, "img_2")
		e.form(e.a, comparePath, one, part{"img_2", make([]byte, 11<<20)}).refused(413, "IMAGE_TOO_LARGE").at(t, "img_2")
		e.call(e.a, "POST", comparePath, object{"img_1": "x"}).refused(415, "CONTENT_TYPE_UNSUPPORTED")
		e.call(e.a, "POST", comparePath, "--b\r\nbroken", "Content-Type", "multipart/form-data; boundary=b").refused(400, "INVALID_FORM")
		e.call(e.a, "GET", comparePath, nil).refused(405, "METHOD_NOT_ALLOWED")
	})
}

func TestChecksWithoutEngine(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechFace2Face, 10)
		e.engine.fail(errors.New("switched off"))
		refused := e.form(e.a, comparePath, part{"img_1", shot("ann", 1)}, part{"img_2", shot("ann", 2)})
		if refused.refused(503, "FACE_ENGINE_UNAVAILABLE"); refused.header.Get("Retry-After") == "" {
			t.Errorf("no Retry-After: %v", refused.header)
		}
	})
}
