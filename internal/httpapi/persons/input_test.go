package persons_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

func TestBadBodiesAreRefused(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		for _, c := range []struct {
			name, body, code, field string
			status                  int
		}{
			{"empty", "", "INVALID_JSON", "", 400},
			{"not JSON", "hello", "INVALID_JSON", "", 400},
			{"cut", `{"type":"phone","value":"+7701`, "INVALID_JSON", "", 400},
			{"duplicate", `{"type":"phone","type":"custom","value":"x"}`, "INVALID_JSON", "type", 400},
			{"trailing", `{"type":"custom","value":"x"} {}`, "INVALID_JSON", "", 400},
			{"not UTF-8", "{\"type\":\"custom\",\"value\":\"\xff\"}", "INVALID_JSON", "", 400},
			{"array", `[]`, "VALIDATION_FAILED", "", 422},
			{"unknown member", `{"type":"custom","value":"x","colour":"red"}`, "VALIDATION_FAILED", "colour", 422},
			{"other case", `{"Type":"custom","value":"x"}`, "VALIDATION_FAILED", "Type", 422},
			{"wrong type", `{"type":"custom","value":7}`, "VALIDATION_FAILED", "value", 422},
			{"missing", `{"type":"custom"}`, "VALIDATION_FAILED", "value", 422},
			{"NUL", `{"type":"custom","value":"a\u0000b"}`, "ALIAS_VALUE_INVALID", "value", 422},
			{"deep", strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "INVALID_JSON", "", 400},
		} {
			t.Run(c.name, func(t *testing.T) {
				e.unchanged(func() {
					r := e.call(e.a, "POST", base+p.ID+"/aliases/", c.body).refused(c.status, c.code)
					if c.field != "" {
						r.at(t, c.field)
					}
				})
			})
		}
		e.unchanged(func() {
			body := newBody("other", aliasOf("custom", "a"), object{"type": "custom", "value": "b", "note": 1})
			e.call(e.a, "POST", base, body).refused(422, "VALIDATION_FAILED").at(t, "aliases[1].note")
			body = newBody("other", aliasOf("custom", "a"), object{"type": "custom"})
			e.call(e.a, "POST", base, body).refused(422, "VALIDATION_FAILED").at(t, "aliases[1].value")
			e.call(e.a, "POST", base+"search/", object{"aliases": []any{}}).refused(422, "VALIDATION_FAILED").at(t, "aliases")
			e.call(e.a, "POST", base+"search/", object{"aliases": []any{aliasOf("phone", "x")}}).refused(422, "ALIAS_VALUE_INVALID").at(t, "aliases[0].value")
			e.call(e.a, "POST", base, newBody("other"), "Content-Encoding", "gzip").refused(415, "ENCODING_UNSUPPORTED")
		})
		e.call(e.a, "POST", base+p.ID+"/aliases/", object{"type": "custom", "value": "x"}, "Content-Type", "text/plain").is(201)
	})
}

// endless is a body that counts what is read of it.
type endless struct {
	left, read atomic.Int64
}

func (b *endless) Read(p []byte) (int, error) {
	n := min(int64(len(p)), b.left.Load())
	if n == 0 {
		return 0, io.EOF
	}
	for i := range p[:n] {
		p[i] = 'A'
	}
	b.left.Add(-n)
	b.read.Add(n)
	return int(n), nil
}

func (b *endless) Close() error { return nil }

func TestHugeBodiesAreRefused(t *testing.T) {
	each(t, func(e *env) {
		e.unchanged(func() {
			for _, path := range []string{base, base + uuid.NewString() + "/photos/"} {
				e.call(e.a, "POST", path, bytes.Repeat([]byte("A"), 30<<20)).refused(413, "BODY_TOO_LARGE")
			}
			e.call(e.a, "POST", base+"batch/", bytes.Repeat([]byte("A"), 65<<20)).refused(413, "BODY_TOO_LARGE")
			e.call(e.a, "POST", base+"search/", bytes.Repeat([]byte(" "), 2<<20)).refused(413, "BODY_TOO_LARGE")
		})
		body := &endless{}
		body.left.Store(200 << 20)
		r, err := http.NewRequestWithContext(t.Context(), "POST", e.url+base, body) // length unknown
		must(t, err)
		r.Header.Set("X-API-Key", e.a.key)
		if response, err := http.DefaultClient.Do(r); err == nil {
			response.Body.Close()
			if response.StatusCode != 413 {
				t.Errorf("status %d", response.StatusCode)
			}
		}
		if n := body.read.Load(); n > 40<<20 {
			t.Errorf("%d MiB of the body were taken", n>>20)
		}
	})
}

func TestStrangersBodyIsNotRead(t *testing.T) {
	each(t, func(e *env) {
		body := &endless{}
		body.left.Store(19 << 20)
		r, err := http.NewRequestWithContext(t.Context(), "POST", e.url+base, body)
		must(t, err)
		r.Header.Set("X-API-Key", strings.Repeat("x", 47))
		r.ContentLength = 19 << 20
		if response, err := http.DefaultClient.Do(r); err == nil {
			response.Body.Close()
			if response.StatusCode != 401 {
				t.Errorf("status %d", response.StatusCode)
			}
		}
		if body.left.Load() == 0 {
			t.Error("the whole body of a stranger was taken")
		}
	})
}

func TestPathsWithAndWithoutSlash(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "x"))
		for _, path := range []string{"", p.ID + "/", p.ID + "/photos/", p.ID + "/actions/", p.ID + "/sessions/", p.ID + "/photos/" + p.Photos[0].ID + "/image/"} {
			with := e.call(e.a, "GET", base+path, nil).is(200)
			without := e.call(e.a, "GET", strings.TrimSuffix(base+path, "/"), nil).is(200)
			if diff := cmp.Diff(string(with.body), string(without.body)); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
		}
		e.call(e.a, "POST", strings.TrimSuffix(base, "/"), newBody("other")).is(201)
		e.call(e.a, "GET", base+p.ID+"/unknown/", nil).refused(404, "NOT_FOUND")
		for _, c := range []struct{ method, path, allow string }{
			{"PUT", base, "GET, POST"}, {"GET", base + "search/", "POST"}, {"DELETE", base + "batch", "POST"},
			{"PUT", base + p.ID, "GET, PATCH, DELETE"}, {"GET", base + p.ID + "/restore/", "POST"}, {"GET", base + p.ID + "/aliases/", "POST"},
		} {
			r := e.call(e.a, c.method, c.path, nil)
			r.refused(405, "METHOD_NOT_ALLOWED")
			if r.header.Get("Allow") != c.allow {
				t.Errorf("%s %s allows %q, want %q", c.method, c.path, r.header.Get("Allow"), c.allow)
			}
		}
	})
}

func TestBatchRefusals(t *testing.T) {
	each(t, func(e *env) {
		item := newBody("other")
		e.unchanged(func() {
			e.call(e.a, "POST", base+"batch/", object{"items": []any{}}).refused(422, "VALIDATION_FAILED").at(t, "items")
			e.call(e.a, "POST", base+"batch/", object{}).refused(422, "VALIDATION_FAILED").at(t, "items")
			e.call(e.a, "POST", base+"batch/", object{"items": 7}).refused(422, "VALIDATION_FAILED").at(t, "items")
			e.call(e.a, "POST", base+"batch/", object{"items": []any{item}, "mode": "x"}).refused(422, "VALIDATION_FAILED").at(t, "mode")
			many := make([]object, 101)
			for i := range many {
				many[i] = item
			}
			e.call(e.a, "POST", base+"batch/", object{"items": many}).refused(413, "BATCH_TOO_LARGE").at(t, "items")
			e.call(e.a, "POST", base+"batch/", `{"items":[{"is_verified":true}`).refused(400, "INVALID_JSON")
		})
		first, second := newBody("other", aliasOf("custom", "same")), newBody("other", aliasOf("custom", "same"))
		system := newBody("other", aliasOf("system_id", uuid.NewString()))
		ambiguous := newBody("other")
		ambiguous["api_key"] = "another"
		got := read[struct {
			Items []struct {
				Status int
				Error  *struct{ Code, Field string }
			}
		}](e.call(e.a, "POST", base+"batch/", object{"items": []any{first, second, system, ambiguous, 7}}).is(207))
		want := []string{"201", "409 ALIAS_CONFLICT items[1].aliases[0].value", "422 ALIAS_TYPE_NOT_ALLOWED items[2].aliases[0].type", "400 AMBIGUOUS_CREDENTIALS ", "422 VALIDATION_FAILED "}
		for i, item := range got.Items {
			text := fmt.Sprint(item.Status)
			if item.Error != nil {
				text += " " + item.Error.Code + " " + item.Error.Field
			}
			if text != want[i] {
				t.Errorf("item %d: %s, want %s", i, text, want[i])
			}
		}
	})
}

func TestIdempotencyKeyRepeatsTheAnswer(t *testing.T) {
	each(t, func(e *env) {
		body := newBody("other", aliasOf("custom", "once"))
		first := e.call(e.a, "POST", base, body, "Idempotency-Key", "k-1").is(201)
		e.unchanged(func() {
			again := e.call(e.a, "POST", strings.TrimSuffix(base, "/"), body, "Idempotency-Key", "k-1").is(201)
			if string(again.body) != string(first.body) || again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
				t.Errorf("repeated answer %v %s", again.header, again.body)
			}
			e.call(e.a, "POST", base, newBody("other"), "Idempotency-Key", "k-1").refused(422, "IDEMPOTENCY_MISMATCH")
			e.call(e.a, "POST", base, body, "Idempotency-Key", "k-2").refused(409, "ALIAS_CONFLICT")
			e.call(e.a, "POST", base, body, "Idempotency-Key", strings.Repeat("k", 256)).refused(422, "IDEMPOTENCY_KEY_INVALID")
		})
		p := read[person](first)
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		e.call(e.a, "POST", base, body, "Idempotency-Key", "k-2").is(201) // refused before: the key is free
		photo := photoBody(portrait("x", 1), "live")
		q := e.create("other")
		one := e.call(e.a, "POST", base+q.ID+"/photos/", photo, "Idempotency-Key", "p").is(201)
		two := e.call(e.a, "POST", base+q.ID+"/photos/", photo, "Idempotency-Key", "p").is(201)
		if string(one.body) != string(two.body) || len(e.get(q.ID).Photos) != 2 {
			t.Error("a repeated request added another photo")
		}
		alias := aliasOf("custom", "again")
		e.call(e.a, "POST", base+q.ID+"/aliases/", alias, "Idempotency-Key", "a").is(201)
		e.call(e.a, "POST", base+q.ID+"/aliases/", alias, "Idempotency-Key", "a").is(201)
		e.call(e.a, "POST", base+q.ID+"/aliases/", alias).is(200)
		e.call(e.b, "POST", base, newBody("other"), "Idempotency-Key", "k-1").is(201)
	})
}

func TestIdempotencyKeyUnderConcurrency(t *testing.T) {
	each(t, func(e *env) {
		body := newBody("other")
		var created, replayed, busy atomic.Int32
		parallel(16, func(int) {
			switch r := e.call(e.a, "POST", base, body, "Idempotency-Key", "one"); {
			case r.status == 409:
				r.refused(409, "IDEMPOTENCY_IN_PROGRESS")
				busy.Add(1)
			case r.is(201).header.Get("Idempotency-Replayed") == "true":
				replayed.Add(1)
			default:
				created.Add(1)
			}
		})
		if created.Load() != 1 || e.contents(e.a).Persons != 1 {
			t.Errorf("%d created, %d replayed, %d busy, %d persons", created.Load(), replayed.Load(), busy.Load(), e.contents(e.a).Persons)
		}
	})
}

func TestPanicAnswers500(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "confidential 123"))
		e.panics.Store(true)
		r := e.call(e.a, "GET", base+p.ID+"/", nil, "X-Request-Id", "req-7")
		got := r.refused(500, "INTERNAL")
		if got.Error.Details["request_id"] != "req-7" || r.header.Get("X-Request-Id") != "req-7" || strings.Contains(string(r.body), "confidential") {
			t.Errorf("answer %v %s", r.header, r.body)
		}
		log := e.log.String()
		if !strings.Contains(log, "req-7") || strings.Contains(log, "confidential") {
			t.Errorf("log: %s", log)
		}
		e.panics.Store(false)
		e.call(e.a, "GET", base+p.ID+"/", nil).is(200)
	})
}

func TestPermissionsAreChecked(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		reader := e.narrow(idem.PersonsRead)
		e.unchanged(func() {
			e.call(reader, "GET", base+p.ID+"/", nil).is(200)
			e.call(reader, "POST", base, newBody("other")).refused(403, "ROLE_FORBIDDEN")
			e.call(reader, "DELETE", base+p.ID+"/", nil).refused(403, "ROLE_FORBIDDEN")
			e.call(reader, "GET", p.Photos[0].URL, nil).refused(403, "ROLE_FORBIDDEN")
			e.call(reader, "GET", base+p.ID+"/actions/", nil).refused(403, "ROLE_FORBIDDEN")
			e.call(e.narrow(idem.PersonsWrite), "GET", base, nil).refused(403, "ROLE_FORBIDDEN")
		})
	})
}

// TestUnknownPathsAnswerInTheGuidesShape: what is not offered, such as the
// state registry, is refused like everything else under /api/.
func TestUnknownPathsAnswerInTheGuidesShape(t *testing.T) {
	each(t, func(e *env) {
		for _, path := range []string{"/api/v1/backend/gbdfl/", "/api/v3/backend/persons/", "/api/v1/backend/persons/x/y/z/"} {
			e.call(e.a, "POST", path, object{"iin": "1"}).refused(404, "NOT_FOUND")
		}
	})
}
