package httpapi_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

func TestIdempotencyKey(t *testing.T) {
	each(t, func(w *world) {
		key := map[string]string{"Idempotency-Key": "order-1"}
		body := newPerson("ann", object{"type": "CUSTOM", "value": "c-1"})
		first := w.do(request{method: "POST", path: "/v1/persons", body: body, header: key}).is(201)
		again := w.do(request{method: "POST", path: "/v1/persons", body: body, header: key}).is(201)
		if again.header.Get("Idempotency-Replayed") != "true" || !bytes.Equal(first.raw, again.raw) || first.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("replayed %v\n%s\n%s", again.header, first.raw, again.raw)
		}
		if again.header.Get("ETag") != first.header.Get("ETag") || again.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("headers %v and %v", first.header, again.header)
		}
		w.do(request{method: "POST", path: "/v1/persons", body: newPerson("bob"), header: key}).is(422, "IDEMPOTENCY_MISMATCH")
		if ids := w.walk("/v1/persons"); len(ids) != 1 {
			t.Errorf("persons: %v", ids)
		}
		for _, bad := range []string{" ", strings.Repeat("k", 256), "ключ"} {
			w.do(request{method: "POST", path: "/v1/persons", body: body, header: map[string]string{"Idempotency-Key": bad}}).is(422, "IDEMPOTENCY_KEY_INVALID")
		}
	})
}

// A form has another boundary at each attempt; what counts is its content.
func TestIdempotencyOfForms(t *testing.T) {
	each(t, func(w *world) {
		send := func(identity string) *reply {
			body, kind := form(t, map[string]any{"image": portrait(identity, 0), "photo_type": "other"})
			return w.do(request{method: "POST", path: "/v1/persons", body: body, header: map[string]string{"Content-Type": kind, "Idempotency-Key": "f"}})
		}
		first := send("ann").is(201)
		if again := send("ann").is(201); again.text("id") != first.text("id") || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("again: %s", again.raw)
		}
		send("bob").is(422, "IDEMPOTENCY_MISMATCH")
	})
}

func TestIdempotencyAfterRefusal(t *testing.T) {
	each(t, func(w *world) {
		key := map[string]string{"Idempotency-Key": "k"}
		w.do(request{method: "POST", path: "/v1/keys", body: object{"kind": "secret", "name": "x", "permissions": []string{"none"}}, header: key}).is(422, "VALIDATION_FAILED")
		made := w.do(request{method: "POST", path: "/v1/keys", body: object{"kind": "secret", "name": "x"}, header: key}).is(201)
		again := w.do(request{method: "POST", path: "/v1/keys", body: object{"kind": "secret", "name": "x"}, header: key}).is(201)
		if again.text("secret") != made.text("secret") {
			t.Errorf("another secret: %s", again.raw)
		}
	})
}

func TestIdempotencyOnEveryCreatingRoute(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann")
		gone := w.createPerson("bob")
		w.call("DELETE", "/v1/persons/"+gone, nil).is(204)
		for path, body := range map[string]any{
			"/v1/persons/" + id + "/aliases":   object{"type": "CUSTOM", "value": "a"},
			"/v1/persons/" + id + "/photos":    object{"image": b64(portrait("ann", 1)), "photo_type": "live"},
			"/v1/persons/" + gone + "/restore": nil, "/v1/persons/" + id + "/erase": object{"reason": "x"},
			"/v1/keys": object{"kind": "bearer", "name": "b"}, "/v1/operators": object{"email": "o@example.com", "role": "auditor"},
		} {
			if strings.HasSuffix(path, "/erase") {
				continue // it must come last
			}
			w.twice(path, body)
		}
		w.twice("/v1/persons/"+id+"/erase", object{"reason": "x"})
	})
}

func (w *world) twice(path string, body any) {
	w.t.Helper()
	send := func() *reply {
		return w.do(request{method: "POST", path: path, body: body, header: map[string]string{"Idempotency-Key": "one"}})
	}
	first, again := send(), send()
	if first.status > 299 || again.status != first.status || again.header.Get("Idempotency-Replayed") != "true" || !bytes.Equal(first.raw, again.raw) {
		w.t.Errorf("%s: %d %s, then %d %s", path, first.status, first.raw, again.status, again.raw)
	}
}

func TestIdempotencyInParallel(t *testing.T) {
	each(t, func(w *world) {
		body := newPerson("ann")
		replies := make([]*reply, 8)
		var all sync.WaitGroup
		for i := range replies {
			all.Go(func() {
				replies[i] = w.do(request{method: "POST", path: "/v1/persons", body: body, header: map[string]string{"Idempotency-Key": "p"}})
			})
		}
		all.Wait()
		ids := map[string]bool{}
		for _, r := range replies {
			switch r.status {
			case 201:
				ids[r.text("id")] = true
			case 409:
				r.is(409, "IDEMPOTENCY_IN_PROGRESS")
			default:
				t.Errorf("status %d: %s", r.status, r.raw)
			}
		}
		if len(ids) != 1 || len(w.walk("/v1/persons")) != 1 {
			t.Errorf("answers %v", ids)
		}
	})
}

// TestIdempotencyOutlivesALostAnswer breaks the connection behind the commit of
// a creation: the repetition is told what was made, with its secret, and makes
// nothing more.
func TestIdempotencyOutlivesALostAnswer(t *testing.T) {
	sealer := storetest.Sealer()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		lossy := &storetest.Lossy{Store: s}
		w := newWorld(t, lossy, sealer, options{})
		for path, c := range map[string]struct {
			body   object
			secret string
		}{
			"/v1/keys":      {object{"kind": "secret", "name": "lost"}, "secret"},
			"/v1/operators": {object{"email": "lost@example.com", "role": "auditor"}, "password"},
		} {
			before := len(w.call("GET", path, nil).is(200).list("data"))
			send := func() *reply {
				return w.do(request{method: "POST", path: path, body: c.body, header: map[string]string{"Idempotency-Key": "lost"}})
			}
			lossy.Lose(2) // the first update claims the key
			send().is(500, "INTERNAL")
			again := send().is(201)
			if again.header.Get("Idempotency-Replayed") != "true" || len(again.text(c.secret)) < 12 {
				t.Errorf("%s: repeated %v %s", path, again.header, again.raw)
			}
			if n := len(w.call("GET", path, nil).is(200).list("data")); n != before+1 {
				t.Errorf("%s: %d were made", path, n-before)
			}
		}
	}, storetest.WithSealer(sealer))
}

// TestRestoringOutlivesALostAnswer is the same for a person who came back.
func TestRestoringOutlivesALostAnswer(t *testing.T) {
	sealer := storetest.Sealer()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		lossy := &storetest.Lossy{Store: s}
		w := newWorld(t, lossy, sealer, options{})
		at := "/v1/persons/" + w.createPerson("ann")
		w.call("DELETE", at, nil).is(204)
		send := func() *reply {
			return w.do(request{method: "POST", path: at + "/restore", header: map[string]string{"Idempotency-Key": "lost"}})
		}
		lossy.Lose(3) // the key is claimed, a place in the gallery reserved
		send().is(500, "INTERNAL")
		if w.call("GET", at, nil).is(200); w.walk("/v1/persons") == nil {
			t.Error("the person did not come back")
		}
		if again := send().is(200); again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("repeated %v %s", again.header, again.raw)
		}
	}, storetest.WithSealer(sealer))
}
