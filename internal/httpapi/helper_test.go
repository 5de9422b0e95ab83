package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/dir"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/httpapi"
	"github.com/idem-id/idem/internal/httpapi/persons"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/run"
)

// world is one server over one store, with the fake face engine.
type world struct {
	t       *testing.T
	url     string
	access  *access.Access
	store   store.Store
	metrics *metrics.Metrics
	log     *logBook
	org     access.Created
	key     string // of org
	client  *http.Client
	skew    atomic.Int64 // how far the clock of keys was put forward
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }

// options change what newWorld makes.
type options struct {
	engine face.Engine
	limits httpapi.Limits
	slots  int // of checks
	chips  *edocument.Technology
	reader tech.Technology // of documents, instead of the usual one
}

func (o options) technologies() []tech.Technology {
	list := technologies(o.engine, o.chips)
	if o.reader != nil {
		list = append(list, o.reader)
	}
	return list
}

// keys gives persons data keys of the test's sealer.
type keys struct{ *storetest.Keys }

func (keys) NewKey(context.Context, idem.OrgID) (idem.DataKeyID, error) {
	return idem.DataKeyID(idem.UUIDv7{}.New()), nil
}

func (k keys) DestroyKey(_ context.Context, _ idem.OrgID, id idem.DataKeyID) error {
	k.Destroy(id)
	return nil
}

// each runs f on both databases.
func each(t *testing.T, f func(w *world)) { eachWith(t, options{}, f) }

func eachWith(t *testing.T, o options, f func(w *world)) {
	t.Helper()
	sealer := storetest.Sealer()
	storetest.Each(t, func(t *testing.T, s store.Store) { f(newWorld(t, s, sealer, o)) }, storetest.WithSealer(sealer))
}

func newWorld(t *testing.T, s store.Store, sealer *storetest.Keys, o options) *world {
	t.Helper()
	if o.engine == nil {
		o.engine = facetest.Fake{}
	}
	if o.chips == nil {
		o.chips = chips(t)
	}
	w := &world{t: t, store: s, log: &logBook{}}
	w.access = access.New(access.Deps{Store: s, Blinder: sealer, IDs: idem.UUIDv7{}, Now: w.now, Password: access.PasswordCost{Memory: 64, Time: 1, Lanes: 1}})
	model := facetest.Fake{}.Model()
	indexed := gallery.Model{ID: model.ID, Short: model.Short, Dim: model.Dim}
	g := gallery.New(s, sealer, ram.New(indexed), indexed, gallery.Options{})
	if err := g.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	objects, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { objects.Close() })
	log := slog.New(slog.NewTextHandler(w.log, nil))
	r := registry.New(registry.Deps{Store: s, Vault: keys{sealer}, Blobs: blob.NewSealed(objects, sealer), Gallery: g,
		Engine: o.engine, Pictures: picture.NewDecoder(picture.DefaultLimits(), nil), IDs: idem.UUIDv7{}, Log: log})
	w.metrics = metrics.New("test")
	checks := check.New(check.Deps{Store: s, IDs: idem.UUIDv7{}, Pictures: picture.NewDecoder(picture.DefaultLimits(), nil),
		Technologies: o.technologies(), Runner: run.New(run.Bounds{Slots: o.slots, Observe: func(code idem.TechCode, end run.End, took time.Duration) {
			w.metrics.Checked(string(code), string(end), took)
		}})})
	h := httpapi.New(httpapi.Deps{Access: w.access, Registry: r, Checks: checks, Store: s, IDs: idem.UUIDv7{}, Metrics: w.metrics,
		Parts: []httpapi.Part{
			{Name: "database", Check: s.Ping},
			{Name: "face_engine", Check: func(context.Context) error { return o.engine.Ready() }},
			{Name: "gallery", Check: g.Ready},
		},
		Dialects: []httpapi.Dialect{{Refuse: persons.Refuse(persons.Deps{IDs: idem.UUIDv7{}, Log: log}), Routes: func(mux *http.ServeMux, a httpapi.Authenticate) {
			persons.Routes(mux, persons.Deps{Registry: r, Checks: checks, Store: s, Authenticate: persons.Authenticate(a), IDs: idem.UUIDv7{}, Log: log})
		}}},
		Log: log, Version: "test", Limits: o.limits})
	w.serve(h)
	w.org = w.newOrganisation("First")
	w.key = w.org.SecretKey
	return w
}

// serve runs the real server on a free port until the test ends.
func (w *world) serve(h http.Handler) {
	w.t.Helper()
	srv := httptest.NewUnstartedServer(nil) // for its listener alone
	l := srv.Listener
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- httpapi.Serve(ctx, l, h, httpapi.TLSFiles{}) }()
	w.url = "http://" + l.Addr().String()
	w.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}
	w.t.Cleanup(func() {
		w.client.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			w.t.Errorf("the server ended with %v", err)
		}
	})
}

func (w *world) newOrganisation(name string) access.Created {
	w.t.Helper()
	made, err := w.access.Create(w.t.Context(), access.NewOrganisation{Name: name, OperatorEmail: strings.ToLower(name) + "@example.com"})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// request is one call.
type request struct {
	method, path string
	body         any // []byte and string are sent as they are, else JSON
	header       map[string]string
	key          string // "" for the world's, "-" for none
}

// reply is its answer.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (w *world) call(method, path string, body any) *reply {
	w.t.Helper()
	return w.do(request{method: method, path: path, body: body})
}

func (w *world) do(r request) *reply {
	w.t.Helper()
	req := w.build(r)
	res, err := w.client.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	defer res.Body.Close()
	out := &reply{t: w.t, status: res.StatusCode, header: res.Header}
	if out.raw, err = io.ReadAll(res.Body); err != nil {
		w.t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	if strings.HasSuffix(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			w.t.Fatalf("%s %s answers no JSON: %v\n%s", r.method, r.path, err, out.raw)
		}
	}
	return out
}

func (w *world) build(r request) *http.Request {
	w.t.Helper()
	var body io.Reader
	switch b := r.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = bytes.NewReader(b)
	case io.Reader:
		body = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), r.method, w.url+r.path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch r.key {
	case "":
		req.Header.Set("Authorization", "Bearer "+w.key)
	case "-":
	default:
		req.Header.Set("Authorization", "Bearer "+r.key)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return req
}

// is fails unless the answer has the status and, for refusals, the code and the
// shape of a problem.
func (r *reply) is(status int, code ...string) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.raw)
	}
	if len(code) == 0 {
		return r
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		r.t.Fatalf("content type %q: %s", got, r.raw)
	}
	if r.text("code") != code[0] {
		r.t.Fatalf("code %s, want %s: %s", r.text("code"), code[0], r.raw)
	}
	if !httpapi.KnownCodeForTest(code[0], status) {
		r.t.Errorf("the page about codes does not tell %s with status %d", code[0], status)
	}
	if r.text("type") != "/docs/errors#"+code[0] || r.body["status"] != float64(status) || r.text("title") == "" ||
		r.text("detail") == "" || r.text("request_id") != r.header.Get("X-Request-Id") {
		r.t.Errorf("this is no complete problem: %s", r.raw)
	}
	return r
}

// at fails unless the problem has a fault at the pointer or location.
func (r *reply) at(place string) *reply {
	r.t.Helper()
	list, _ := r.body["errors"].([]any)
	for _, e := range list {
		fault := e.(map[string]any)
		if fault["pointer"] == place || fault["location"] == place {
			return r
		}
	}
	r.t.Errorf("no fault at %s: %s", place, r.raw)
	return r
}

// get follows a path such as "face.code" or "data.0.id"; a missing member is nil.
func (r *reply) get(path string) any {
	var at any = r.body
	for _, step := range strings.Split(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i := int(step[0] - '0')
			if i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	return at
}

func (r *reply) text(path string) string {
	s, _ := r.get(path).(string)
	return s
}

func (r *reply) number(path string) float64 {
	n, _ := r.get(path).(float64)
	return n
}

func (r *reply) list(path string) []any {
	l, _ := r.get(path).([]any)
	return l
}

// object is a JSON object.
type object = map[string]any

func portrait(identity string, variant uint8) []byte {
	return facetest.JPEG(facetest.Picture(identity, variant))
}

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func newPerson(identity string, aliases ...object) object {
	out := object{"image": b64(portrait(identity, 0)), "photo_type": "other"}
	if len(aliases) > 0 {
		out["aliases"] = aliases
	}
	return out
}

// createPerson makes a person and returns its identifier.
func (w *world) createPerson(identity string, aliases ...object) string {
	w.t.Helper()
	return w.call("POST", "/v1/persons", newPerson(identity, aliases...)).is(201).text("id")
}

// form builds a multipart body; values are texts, pictures bytes.
func form(t *testing.T, fields map[string]any) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range fields {
		switch v := value.(type) {
		case []byte:
			part, err := m.CreateFormFile(name, name+".jpg")
			if err != nil {
				t.Fatal(err)
			}
			part.Write(v)
		case string:
			if err := m.WriteField(name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m.FormDataContentType()
}

// logBook keeps what the server logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var errSwitchedOff = errors.New("switched off")
