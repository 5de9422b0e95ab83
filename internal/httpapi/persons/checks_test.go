package persons_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/httpapi/persons"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech/document/documenttest"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
)

func (e *env) checks() *check.Checks {
	return check.New(check.Deps{Store: e.store, IDs: idem.UUIDv7{}, Pictures: picture.NewDecoder(picture.DefaultLimits(), nil),
		Technologies: append(liveness.New(e.engine, time.Now), facematch.New(e.engine), documenttest.Reader{}, e.providers())})
}

// providers has the test provider alone and trusts nobody.
func (e *env) providers() *edocument.Technology {
	store := trust.Open(e.TempDir())
	return edocument.New(edocument.Deps{Travel: store, Mobile: store, Decoder: picture.NewDecoder(picture.DefaultLimits(), nil),
		Providers: provider.Set{provider.NewTest("test")}})
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

const (
	livePath    = "/api/v1/backend/liveness/short/"
	parsePath   = "/api/v1/backend/document/parse/"
	processPath = "/api/v2/backend/document/process/"
	requestPath = "/api/v1/backend/e-document/online-access/request/identity_card/"
	approvePath = "/api/v1/backend/e-document/online-access/approve/"
)

func TestShortLiveness(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechLivenessShort, 10)
		live := e.form(e.a, livePath, part{"image", shot("ann", 1)}).is(200)
		for _, want := range []string{`"backend_session_id":"`, `"result":true`, `"eye_closed":null`, `"prediction":"0.9700"`, `"face_center":true`, `"face_direction":"forward"`, `"failure_reason":null`} {
			if !strings.Contains(string(live.body), want) {
				t.Errorf("no %s in %s", want, live.body)
			}
		}
		attack := e.form(e.a, livePath, part{"image", facetest.JPEG(facetest.Attack("ann"))}).is(200)
		if !strings.Contains(string(attack.body), `"failure_reason":{"type":"CALC_RESULT","detail":"Low prediction"}`) || !strings.Contains(string(attack.body), `"result":false`) {
			t.Errorf("attack: %s", attack.body)
		}
		e.form(e.a, livePath).refused(422, "EVIDENCE_MISSING").at(t, "image")
		e.form(e.a, livePath, part{"image", []byte("no")}).refused(415, "IMAGE_TYPE_UNSUPPORTED").at(t, "image")
		e.form(e.b, livePath, part{"image", shot("ann", 1)}).refused(403, "SUBSCRIPTION_REQUIRED")
	})
}

func TestDocuments(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechDocumentRecognition, 10)
		type documentAnswer struct {
			Session  string `json:"backend_session_id"`
			Result   bool
			Type     string `json:"document_type"`
			Country  string
			Fields   map[string]string
			Zone     struct{ Valid bool } `json:"mrz"`
			Portrait string               `json:"face_photo"`
			Warnings []string
			Pages    []struct{ Resolution, Focus, Glare, Brightness float64 }
			Optical  struct {
				Zone   bool `json:"mrz_valid"`
				Agreed bool `json:"fields_agree"`
			} `json:"optical_checks"`
			Confidence map[string]string
		}
		front, back := part{"frontside_image", shot("page", 1)}, part{"backside_image", shot("page", 2)}
		parsed := read[documentAnswer](e.form(e.a, parsePath, part{"country_code", "kz"}, front, back).is(200))
		if !parsed.Result || parsed.Session == "" || parsed.Type != "passport" || parsed.Country != "UTO" || parsed.Fields["document_number"] != "L898902C3" || !parsed.Zone.Valid ||
			parsed.Portrait == "" || len(parsed.Warnings) != 2 || parsed.Warnings[1] != "country_mismatch" {
			t.Errorf("parsed: %+v", parsed)
		}
		e.form(e.a, parsePath, part{"country_code", "kz"}).refused(422, "EVIDENCE_MISSING").at(t, "frontside_image")
		e.form(e.a, parsePath, front).refused(422, "VALIDATION_FAILED").at(t, "country_code")
		e.form(e.a, parsePath, part{"country_code", "??"}, front).refused(422, "VALIDATION_FAILED").at(t, "country_code")
		e.form(e.a, parsePath, part{"country_code", "kz"}, part{"backside_image", []byte("no")}).refused(415, "IMAGE_TYPE_UNSUPPORTED").at(t, "backside_image")

		processed := read[documentAnswer](e.form(e.a, processPath, part{"file", shot("page", 1)}, part{"file", shot("page", 2)}).is(200))
		if !processed.Result || len(processed.Pages) != 2 || processed.Pages[0].Resolution != 1200 || !processed.Optical.Zone || !processed.Optical.Agreed || processed.Confidence["surname"] != "0.9900" {
			t.Errorf("processed: %+v", processed)
		}
		e.form(e.a, processPath, part{"file", shot("page", 1)}, part{"file", []byte("no")}).refused(415, "IMAGE_TYPE_UNSUPPORTED").at(t, "file[1]")
		e.form(e.b, processPath, part{"file", shot("page", 1)}).refused(403, "SUBSCRIPTION_REQUIRED")
		e.form(e.b, parsePath, part{"country_code", "kz"}, front).refused(403, "SUBSCRIPTION_REQUIRED")
	})
}

func TestOnlineAccess(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechEDocument, 10)
		e.subscribe(e.b, idem.TechEDocument, 10)
		type started struct {
			Session string `json:"backend_session_id"`
		}
		holder := object{"iin": "900102400123", "phone": "8 701 000 00 01"}
		begun := read[started](e.call(e.a, "POST", requestPath, holder).is(200))
		approval := object{"backend_session_id": begun.Session, "code": provider.TestCode, "file": true, "file_type": "pdf"}
		e.call(e.b, "POST", approvePath, approval).refused(404, "CHECK_NOT_FOUND")
		e.call(e.a, "POST", approvePath, object{"backend_session_id": begun.Session, "code": "1"}).refused(422, "CODE_WRONG").at(t, "code")
		done := e.call(e.a, "POST", approvePath, approval).is(200)
		for _, want := range []string{`"result":true`, `"phone":"+77010000001"`, `"gender":"F"`, `"date_of_birth":"1990-01-02"`, `"iin":"900102400123"`,
			`"docNumber":"T900102400123"`, `"document_pdf":"JVBERi`, `"document_image":null`, `"face_photo":"/9j/`, `"lastName":"SPECIMEN"`} {
			if !strings.Contains(string(done.body), want) {
				t.Errorf("no %s in %.2000s", want, done.body)
			}
		}
		e.call(e.a, "POST", approvePath, approval).refused(409, "CHECK_ENDED")
		refused := read[started](e.call(e.a, "POST", requestPath, object{"iin": provider.TestRefuses, "phone": "+77010000001"}).is(200))
		approval["backend_session_id"] = refused.Session
		if got := e.call(e.a, "POST", approvePath, approval).is(200); !strings.Contains(string(got.body), `"detail":"holder_refused"`) || !strings.Contains(string(got.body), `"document_pdf":null`) {
			t.Errorf("a holder who refuses: %s", got.body)
		}
		e.call(e.a, "POST", requestPath, object{"iin": "900102400123"}).refused(422, "VALIDATION_FAILED").at(t, "phone")
		e.call(e.a, "POST", requestPath, object{"iin": "?", "phone": "+77010000001"}).refused(400, "HOLDER_INVALID").at(t, "iin")
		e.call(e.a, "POST", requestPath, object{"iin": provider.TestOutage, "phone": "+77010000003"}).refused(503, "PROVIDER_UNAVAILABLE")
		e.call(e.a, "POST", approvePath, object{"backend_session_id": "x", "code": "1"}).refused(404, "CHECK_NOT_FOUND")
		e.call(tenant{}, "POST", approvePath, approval).refused(401, "API_KEY_MISSING")
		e.call(e.narrow(idem.PersonsRead), "POST", requestPath, holder).refused(403, "ROLE_FORBIDDEN")
	})
}

// TestSheetsOfOnlineAccess: the approval alone answers with a sheet, as PDF
// unless PNG is asked for.
func TestSheetsOfOnlineAccess(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechEDocument, 10)
		type answer struct {
			Session string  `json:"backend_session_id"`
			PDF     *string `json:"document_pdf"`
			Image   *string `json:"document_image"`
		}
		approve := func(n int, change object) reply {
			holder := object{"iin": fmt.Sprintf("90010240012%d", n), "phone": fmt.Sprintf("+7701000000%d", n)}
			body := object{"backend_session_id": read[answer](e.call(e.a, "POST", requestPath, holder).is(200)).Session, "code": provider.TestCode}
			maps.Copy(body, change)
			return e.call(e.a, "POST", approvePath, body)
		}
		for n, c := range []struct {
			change   object
			pdf, png bool
		}{
			{object{}, false, false},
			{object{"file": false, "file_type": "pdf"}, false, false},
			{object{"file": true}, true, false},
			{object{"file": true, "file_type": "pdf"}, true, false},
			{object{"file": true, "file_type": "png"}, false, true},
		} {
			got := read[answer](approve(n, c.change).is(200))
			if begins(got.PDF, "%PDF-") != c.pdf || (got.PDF != nil) != c.pdf || begins(got.Image, "\x89PNG") != c.png || (got.Image != nil) != c.png {
				t.Errorf("%v: PDF %t, image %t", c.change, got.PDF != nil, got.Image != nil)
			}
		}
		approve(6, object{"file": true, "file_type": "docx"}).refused(422, "VALIDATION_FAILED").at(t, "file_type")
	})
}

// begins reports whether a file in base64 begins with the bytes.
func begins(text *string, prefix string) bool {
	if text == nil {
		return false
	}
	data, err := base64.StdEncoding.DecodeString(*text)
	return err == nil && bytes.HasPrefix(data, []byte(prefix))
}

// TestCodesOfOneReceiver: the fourth code to a phone within ten minutes is
// refused.
func TestCodesOfOneReceiver(t *testing.T) {
	each(t, func(e *env) {
		e.subscribe(e.a, idem.TechEDocument, 10)
		for range 3 {
			e.call(e.a, "POST", requestPath, object{"iin": "900102400123", "phone": "8 701 000 00 01"}).is(200)
		}
		got := e.call(e.a, "POST", requestPath, object{"iin": "900102400124", "phone": "+77010000001"})
		got.refused(429, "RATE_LIMITED")
		if after, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || after < 540 || after > 600 {
			t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
		}
	})
}

// FuzzForm feeds bodies that are almost forms.
func FuzzForm(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=\"img_1\"\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b")
	f.Add("--b\r\n\r\n\r\n--b--", "multipart/form-data; boundary=b")
	f.Add("", "multipart/form-data; boundary=")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b")
	mux := http.NewServeMux()
	refuse := func(context.Context, idem.CredentialKind, string) (idem.Principal, error) {
		return idem.Principal{}, idem.Errorf(idem.Unauthenticated, "API_KEY_INVALID", "no")
	}
	persons.Routes(mux, persons.Deps{Authenticate: refuse, IDs: idem.UUIDv7{}})
	f.Fuzz(func(t *testing.T, body, contentType string) {
		r := httptest.NewRequest("POST", comparePath, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		if mux.ServeHTTP(w, r); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
