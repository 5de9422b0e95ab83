package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/idem-id/idem/internal/httpapi"
)

func TestWrongJSON(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann")
		alias, person, search := "/v1/persons/"+id+"/aliases", "/v1/persons", "/v1/persons/search"
		image := b64(portrait("bob", 0))
		for _, c := range []struct {
			path, body string
			status     int
			code, at   string
		}{
			{alias, `{`, 400, "INVALID_JSON", ""},
			{alias, `{"type":"PHONE","value":"+77010000001"} {}`, 400, "INVALID_JSON", ""},
			{alias, ``, 400, "INVALID_JSON", ""},
			{alias, `{"type":"PHONE","type":"CUSTOM","value":"x"}`, 400, "INVALID_JSON", "/type"},
			{alias, `[]`, 422, "VALIDATION_FAILED", ""},
			{alias, `null`, 422, "VALIDATION_FAILED", ""},
			{alias, `{"type":"CUSTOM"}`, 422, "VALIDATION_FAILED", "/value"},
			{alias, `{"type":"CUSTOM","value":7}`, 422, "VALIDATION_FAILED", "/value"},
			{alias, `{"type":"CUSTOM","value":null}`, 422, "VALIDATION_FAILED", "/value"},
			{alias, `{"type":"CUSTOM","value":"x","note":"y"}`, 422, "VALIDATION_FAILED", "/note"},
			{alias, `{"Type":"CUSTOM","value":"x"}`, 422, "VALIDATION_FAILED", "/Type"},
			{alias, "{\"type\":\"CUSTOM\",\"value\":\"\xff\"}", 400, "INVALID_JSON", ""},
			{alias, `{"type":"CUSTOM","value":"a\u0000b"}`, 422, "ALIAS_VALUE_INVALID", "/value"},
			{search, `{"aliases":[]}`, 422, "VALIDATION_FAILED", "/aliases"},
			{search, `{"aliases":[{"value":"x","colour":1}]}`, 422, "VALIDATION_FAILED", "/aliases/0/colour"},
			{person, `{`, 400, "INVALID_JSON", ""},
			{person, ``, 400, "INVALID_JSON", ""},
			{person, `[1]`, 422, "VALIDATION_FAILED", ""},
			{person, `{"photo_type":"other"}`, 422, "VALIDATION_FAILED", "/image"},
			{person, `{"image":"` + image + `"}`, 422, "VALIDATION_FAILED", "/photo_type"},
			{person, `{"image":"` + image + `","image":"` + image + `","photo_type":"other"}`, 400, "INVALID_JSON", "/image"},
			{person, `{"image":"` + image + `","photo_type":"other","nickname":"x"}`, 422, "VALIDATION_FAILED", "/nickname"},
			{person, `{"image":"` + image + `","photo_type":"other","verified":"yes"}`, 422, "VALIDATION_FAILED", "/verified"},
			{person, `{"image":"` + image + `","photo_type":"other","aliases":[{"type":"CUSTOM","value":"x","x":1}]}`, 422, "VALIDATION_FAILED", "/aliases/0/x"},
			{person, `{"image":"` + image + `","photo_type":"other","aliases":[{"type":"CUSTOM","value":"x"},{"type":"CUSTOM","value":"x"}]}`, 409, "ALIAS_DUPLICATE", "/aliases/1/value"},
		} {
			got := w.call("POST", c.path, c.body).is(c.status, c.code)
			if c.at != "" {
				got.at(c.at)
			}
			if bytes.Contains(got.raw, []byte("+7701")) || bytes.Contains(got.raw, []byte(image[:40])) {
				t.Errorf("the refusal repeats the body: %s", got.raw)
			}
		}
		if all := w.walk("/v1/persons?state=all"); len(all) != 1 {
			t.Errorf("refused requests left persons: %v", all)
		}
	})
}

func TestContentTypes(t *testing.T) {
	each(t, func(w *world) {
		person := newPerson("ann")
		send := func(path, kind string, body any) *reply {
			return w.do(request{method: "POST", path: path, body: body, header: map[string]string{"Content-Type": kind}})
		}
		send("/v1/persons", "application/json; charset=utf-8", person).is(201)
		send("/v1/persons", "text/plain", person).is(415, "CONTENT_TYPE_UNSUPPORTED")
		send("/v1/persons", "image/jpeg", portrait("ann", 0)).is(415, "CONTENT_TYPE_UNSUPPORTED")
		send("/v1/persons", "///", person).is(415, "CONTENT_TYPE_UNSUPPORTED")
		send("/v1/persons/search", "text/csv", "x").is(415, "CONTENT_TYPE_UNSUPPORTED")
		w.do(request{method: "POST", path: "/v1/persons", body: person, header: map[string]string{"Content-Encoding": "gzip"}}).
			is(415, "CONTENT_ENCODING_UNSUPPORTED")
	})
}

func TestWrongForms(t *testing.T) {
	each(t, func(w *world) {
		send := func(kind string, body any) *reply {
			return w.do(request{method: "POST", path: "/v1/persons", body: body, header: map[string]string{"Content-Type": kind}})
		}
		send("multipart/form-data", "x").is(400, "INVALID_MULTIPART")
		send("multipart/form-data; boundary=b", "--b\r\nno header").is(400, "INVALID_MULTIPART")
		part := func(name, value string) string {
			return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
		}
		send("multipart/form-data; boundary=b", part("photo_type", "other")+part("photo_type", "live")+"--b--").is(400, "INVALID_MULTIPART").at("/photo_type")
		send("multipart/form-data; boundary=b", part("nickname", "x")+"--b--").is(422, "VALIDATION_FAILED").at("/nickname")
		send("multipart/form-data; boundary=b", part("verified", "perhaps")+"--b--").is(400, "INVALID_JSON").at("/verified")
		send("multipart/form-data; boundary=b", part("aliases", `[{"type":"CUSTOM","value":"a","b":1}]`)+"--b--").is(422, "VALIDATION_FAILED").at("/aliases/0/b")
		send("multipart/form-data; boundary=b", part("photo_type", "other")+"--b--").is(422, "VALIDATION_FAILED").at("/image")
		send("multipart/form-data; boundary=b", part("photo_type", strings.Repeat("x", 70<<10))+"--b--").is(413, "BODY_TOO_LARGE").at("/photo_type")
		send("multipart/form-data; boundary=b", part("image", strings.Repeat("x", 11<<20))+"--b--").is(413, "IMAGE_TOO_LARGE").at("/image")
	})
}

func TestLargeBodies(t *testing.T) {
	each(t, func(w *world) {
		large := bytes.Repeat([]byte("a"), 30<<20)
		for _, path := range []string{"/v1/persons", "/v1/identify"} {
			w.do(request{method: "POST", path: path, body: large}).is(413, "BODY_TOO_LARGE")
			// Without an announced length the body is cut while it is read.
			w.do(request{method: "POST", path: path, body: io.MultiReader(strings.NewReader(`{"image":"`), bytes.NewReader(large))}).is(413, "BODY_TOO_LARGE")
		}
		w.do(request{method: "POST", path: "/v1/persons/search", body: bytes.Repeat([]byte(" "), 2<<20)}).is(413, "BODY_TOO_LARGE")
		w.do(request{method: "POST", path: "/v1/persons", body: large, key: "-"}).is(413, "BODY_TOO_LARGE")
		image := `{"image":"` + strings.Repeat("A", 14<<20) + `"}`
		w.do(request{method: "POST", path: "/v1/identify", body: image}).is(413, "IMAGE_TOO_LARGE").at("/image")
	})
}

// TestMemoryStaysFlat sends large bodies in a row and looks at the heap that
// stays. The bound is far below what one kept body per request would need.
func TestMemoryStaysFlat(t *testing.T) {
	each(t, func(w *world) {
		body := []byte(`{"image":"` + strings.Repeat("A", 13<<20) + `"}`)
		unknown := func() {
			w.do(request{method: "POST", path: "/v1/identify", body: body}).is(415, "IMAGE_TYPE_UNSUPPORTED")
			w.do(request{method: "POST", path: "/v1/identify", body: bytes.NewReader(make([]byte, 30<<20))}).is(413)
		}
		unknown()
		before := heap()
		for range 8 {
			unknown()
		}
		if grown := int64(heap()) - int64(before); grown > 24<<20 {
			t.Errorf("the heap grew by %d MiB over 16 requests", grown>>20)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestBodyWithoutKeyIsNotRead(t *testing.T) {
	each(t, func(w *world) {
		var read counter
		req := w.build(request{method: "POST", path: "/v1/persons", key: "-", body: io.TeeReader(endless{}, &read)})
		req.ContentLength = 15 << 20
		res, err := w.client.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode != 401 {
				t.Errorf("status %d", res.StatusCode)
			}
		}
		if n := read.total(); n > 8<<20 {
			t.Errorf("%d bytes were taken from a stranger", n)
		}
	})
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += len(b)
	return len(b), nil
}

func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestSlowBody(t *testing.T) {
	eachWith(t, options{limits: httpapi.Limits{BodyTimeout: 200 * time.Millisecond}}, func(w *world) {
		for _, path := range []string{"/v1/identify", "/v1/persons/search"} {
			answer := w.raw("POST " + path + " HTTP/1.1\r\nHost: idem\r\nContent-Type: application/json\r\nContent-Length: 100\r\nAuthorization: Bearer " + w.key + "\r\n\r\n{\"image\":")
			if !strings.HasPrefix(answer, "HTTP/1.1 408 ") || !strings.Contains(answer, "BODY_TOO_SLOW") {
				t.Errorf("%s: %s", path, answer)
			}
		}
		// The time limit of a body does not outlive it: the same connection goes on.
		for range 3 {
			w.call("POST", "/v1/persons/search", object{"aliases": []object{{"value": "x"}}}).is(200)
		}
	})
}

// raw sends bytes and reads until the server closes.
func (w *world) raw(text string) string {
	w.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		w.t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil && len(answer) == 0 {
		w.t.Fatal(err)
	}
	return string(answer)
}

func TestHugeHeaders(t *testing.T) {
	each(t, func(w *world) {
		got := w.do(request{method: "GET", path: "/v1/persons", header: map[string]string{"X-Large": strings.Repeat("x", 40<<10)}})
		if got.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d", got.status)
		}
	})
}

func TestPaths(t *testing.T) {
	each(t, func(w *world) {
		if got := w.call("GET", "/", nil); got.status != http.StatusOK || !strings.Contains(string(got.raw), "Idem API") {
			t.Errorf("the root leads to %d", got.status)
		}
		w.call("GET", "/nothing", nil).is(404, "ROUTE_NOT_FOUND")
		w.call("GET", "/v1/nothing", nil).is(404, "ROUTE_NOT_FOUND")
		w.call("GET", "/v1/persons/", nil).is(404, "ROUTE_NOT_FOUND")
		w.call("GET", "/v1//persons", nil).is(404, "ROUTE_NOT_FOUND")
		w.call("GET", "/v1/persons/../persons", nil).is(404, "ROUTE_NOT_FOUND")
		w.call("GET", "/v1/persons/not-an-id", nil).is(404, "PERSON_NOT_FOUND")
		w.call("GET", "/v1/persons/%00", nil).is(404, "PERSON_NOT_FOUND")
		if got := w.call("PUT", "/v1/persons", object{}).is(405, "METHOD_NOT_ALLOWED"); got.header.Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("Allow %q", got.header.Get("Allow"))
		}
	})
}

func TestCursorRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		after := rapid.StringN(1, 60, -1).Draw(t, "after")
		query := fmt.Sprint(rapid.Int().Draw(t, "query"))
		cursor := httpapi.SealCursorForTest(after, query)
		if got, err := httpapi.OpenCursorForTest(cursor, query); err != nil || got != after {
			t.Fatalf("%q came back as %q, %v", after, got, err)
		}
		if _, err := httpapi.OpenCursorForTest(cursor, query+"x"); err == nil {
			t.Fatal("a cursor of another list was taken")
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("", "q")
	f.Add(httpapi.SealCursorForTest("01994a5e-7c1b-7d4e-9a51-0d7c6f2f5b1e", "q"), "q")
	f.Add("AAAAAAAAAAA", "q")
	f.Fuzz(func(t *testing.T, cursor, query string) {
		after, err := httpapi.OpenCursorForTest(cursor, query)
		if err == nil && cursor != "" && httpapi.SealCursorForTest(after, query) != cursor {
			t.Errorf("two texts are one cursor: %q", cursor)
		}
	})
}
