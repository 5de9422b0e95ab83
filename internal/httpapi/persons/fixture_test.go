package persons_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/dir"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/httpapi/persons"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/internal/vault/vaulttest"
)

// base is the resource under test.
const base = "/api/v1/backend/persons/"

// env is a server with two organisations over one database.
type env struct {
	*testing.T
	store    store.Store
	vault    *vault.Vault
	blobs    *dir.Dir
	registry *registry.Registry
	access   *access.Access
	gallery  *gallery.Gallery
	engine   *engine
	clock    *clock
	url      string
	log      *safeBuffer
	panics   atomic.Bool // makes requests with a valid key panic
	a, b     tenant
}

// tenant is one organisation with a Persons key and an operator.
type tenant struct {
	org      idem.OrgID
	key      string
	operator idem.Principal
}

// each runs f on both databases.
func each(t *testing.T, f func(*env)) {
	c := &clock{}
	v := vaulttest.New(t)
	storetest.Each(t, func(t *testing.T, s store.Store) { f(newEnv(t, s, v, c)) },
		storetest.WithSealer(v), storetest.WithClock(c.Now))
}

// eachRaw runs f on both databases with a second, raw connection beside.
func eachRaw(t *testing.T, f func(e *env, driver, source string)) {
	v := vaulttest.New(t)
	c := &clock{}
	config := storetest.Config{Sealer: v, Now: c.Now}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "idem.db")
		f(newEnv(t, storetest.SQLiteAt(path)(t, config), v, c), "sqlite", path)
	})
	t.Run("postgres", func(t *testing.T) {
		url := storetest.PostgresURL(t)
		f(newEnv(t, storetest.PostgresAt(url)(t, config), v, c), "pgx", url)
	})
}

func newEnv(t *testing.T, s store.Store, v *vault.Vault, c *clock) *env {
	e := &env{T: t, store: s, vault: v, engine: &engine{}, clock: c, log: &safeBuffer{}}
	var err error
	e.blobs, err = dir.Open(t.TempDir())
	must(t, err)
	m := e.engine.Model()
	model := gallery.Model{ID: m.ID, Short: m.Short, Dim: m.Dim}
	e.gallery = gallery.New(s, v, ram.New(model), model, gallery.Options{})
	log := slog.New(slog.NewTextHandler(e.log, nil))
	e.registry = registry.New(registry.Deps{
		Store: s, Vault: v, Blobs: blob.NewSealed(e.blobs, v), Gallery: e.gallery, Engine: e.engine,
		Pictures: picture.NewDecoder(picture.DefaultLimits(), nil), IDs: idem.UUIDv7{}, Log: log,
	})
	e.access = access.New(access.Deps{Store: s, Blinder: v, IDs: idem.UUIDv7{}, Now: c.Now})
	mux := http.NewServeMux()
	persons.Routes(mux, persons.Deps{Registry: e.registry, Checks: e.checks(), Store: s, Authenticate: e.authenticate, IDs: idem.UUIDv7{}, Log: log})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	e.url = server.URL
	e.a, e.b = e.tenant("A"), e.tenant("B")
	return e
}

func (e *env) authenticate(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error) {
	if e.panics.Load() {
		panic("confidential")
	}
	return e.access.Authenticate(ctx, kind, secret)
}

// narrow is organisation A with a key of few permissions.
func (e *env) narrow(permissions ...idem.Permission) tenant {
	_, secret, err := e.access.CreateCredential(e.Context(), e.a.operator, access.NewCredential{Kind: idem.CredentialPersons, Name: "narrow", Permissions: permissions})
	must(e, err)
	return tenant{org: e.a.org, key: secret, operator: e.a.operator}
}

func (e *env) tenant(name string) tenant {
	o := idem.Organisation{ID: idem.OrgID(idem.UUIDv7{}.New()), Name: name, Settings: idem.DefaultSettings(),
		CreatedAt: time.Now().UTC().Truncate(time.Microsecond), Version: 1}
	must(e, e.vault.CreateOrg(e.Context(), o.ID))
	must(e, e.store.System().CreateOrganisation(e.Context(), o, nil))
	_, err := e.access.Grant(e.Context(), o.ID, access.Grant{Technology: idem.TechPersons, Total: 1000})
	must(e, err)
	operator := idem.Principal{Org: o.ID, Permissions: idem.AllPermissions(),
		Actor: idem.Actor{Source: idem.SourceCabinet, Operator: idem.OperatorID(idem.UUIDv7{}.New())}}
	t := tenant{org: o.ID, operator: operator}
	t.key = e.credential(t, idem.CredentialPersons, time.Time{})
	return t
}

// credential makes a key with the usual permissions of its kind.
func (e *env) credential(t tenant, kind idem.CredentialKind, expires time.Time) string {
	_, secret, err := e.access.CreateCredential(e.Context(), t.operator, access.NewCredential{Kind: kind, Name: "test", ExpiresAt: expires})
	must(e, err)
	return secret
}

// flowKey stores a key of a flow the way that flows are going to.
func (e *env) flowKey() string {
	secret := strings.Repeat("f", 47)
	hash, err := e.vault.Blind(e.Context(), "", "credential:"+string(idem.CredentialFlow), secret)
	must(e, err)
	must(e, e.store.Update(e.Context(), e.a.org, func(tx store.Tx) error {
		c := idem.Credential{ID: idem.CredentialID(idem.UUIDv7{}.New()), Kind: idem.CredentialFlow, Name: "flow", CreatedAt: tx.Now()}
		return tx.Credentials().Insert(e.Context(), c, [32]byte(hash), secret)
	}))
	return secret
}

// uniqueness changes the setting of organisation A.
func (e *env) uniqueness(u idem.FaceUniqueness) {
	e.settings(func(s *idem.Settings) { s.FaceUniqueness = u })
}

func (e *env) settings(change func(*idem.Settings)) {
	must(e, e.store.Update(e.Context(), e.a.org, func(tx store.Tx) error {
		o, err := tx.Organisations().Get(e.Context())
		if err != nil {
			return err
		}
		change(&o.Settings)
		return tx.Organisations().Save(e.Context(), &o)
	}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a clock that tests may set forward.
type clock struct {
	mu    sync.Mutex
	shift time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.shift)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift += d
}

// engine is the fake face engine with a switch.
type engine struct {
	facetest.Fake
	mu  sync.Mutex
	err error
}

func (e *engine) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

func (e *engine) fake() facetest.Fake {
	e.mu.Lock()
	defer e.mu.Unlock()
	return facetest.Fake{Err: e.err}
}

func (e *engine) Ready() error { return e.fake().Ready() }

func (e *engine) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	return e.fake().Analyse(ctx, img, want)
}

// safeBuffer is a log that a test may read.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// The wire as a client sees it.
type (
	person struct {
		ID             string    `json:"person_id"`
		Verified       bool      `json:"is_verified"`
		CreatedAt      time.Time `json:"created_at"`
		DeletedAt      *string   `json:"deleted_at"`
		Source         string    `json:"created_source"`
		DefaultPhotoID *string   `json:"default_photo_id"`
		Aliases        []alias   `json:"aliases"`
		Photos         []photo   `json:"photos"`
		Sessions       *[]any    `json:"sessions"`
		SessionCount   int       `json:"session_count"`
		Similar        []similar `json:"similar_persons"`
	}
	alias struct {
		ID     string `json:"alias_id"`
		Type   string `json:"type"`
		Value  string `json:"value"`
		Source string `json:"source"`
	}
	photo struct {
		ID       string    `json:"photo_id"`
		Type     string    `json:"photo_type"`
		Priority int       `json:"priority"`
		Default  bool      `json:"is_default"`
		URL      string    `json:"url"`
		FaceCode string    `json:"face_code"`
		Image    string    `json:"image_b64"`
		Similar  []similar `json:"similar_persons"`
	}
	similar struct {
		Person    string  `json:"person_id"`
		Photo     string  `json:"photo_id"`
		Score     string  `json:"score"`
		FMR       float64 `json:"fmr"`
		Duplicate bool    `json:"duplicate"`
	}
	action struct {
		ID      int64          `json:"action_id"`
		Type    string         `json:"type"`
		Source  string         `json:"source"`
		User    *string        `json:"user_id"`
		Session *string        `json:"session_id"`
		Key     *string        `json:"api_key_id"`
		At      time.Time      `json:"at"`
		Details map[string]any `json:"details"`
	}
	list[T any] struct {
		Items []T     `json:"items"`
		Next  *string `json:"next_cursor"`
		Total int     `json:"total"`
	}
	refusal struct {
		Error struct {
			Code    string         `json:"code"`
			Message string         `json:"message"`
			Field   *string        `json:"field"`
			Details map[string]any `json:"details"`
		} `json:"error"`
	}
)

// object is a JSON body.
type object map[string]any

// reply is an answer that was read to its end.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// call sends a request with the key of the tenant; a nil body sends none.
func (e *env) call(t tenant, method, path string, body any, header ...string) reply {
	e.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	case []byte:
		in = bytes.NewReader(b)
	default:
		data, err := json.Marshal(body)
		must(e, err)
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(e.Context(), method, e.url+path, in)
	must(e, err)
	if t.key != "" {
		r.Header.Set("X-API-Key", t.key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return e.send(r)
}

func (e *env) send(r *http.Request) reply {
	e.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	must(e, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	must(e, err)
	return reply{e, response.StatusCode, response.Header, data}
}

// is checks the status of a success.
func (r reply) is(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// refused checks status and code of a refusal.
func (r reply) refused(status int, code string) refusal {
	r.t.Helper()
	var out refusal
	if err := json.Unmarshal(r.body, &out); err != nil || r.status != status || out.Error.Code != code {
		r.t.Fatalf("%d %s, want %d %s", r.status, r.body, status, code)
	}
	return out
}

// at checks the field that a refusal names.
func (r refusal) at(t testing.TB, field string) {
	t.Helper()
	if r.Error.Field == nil || *r.Error.Field != field {
		t.Fatalf("refusal %+v does not name %s", r.Error, field)
	}
}

// read decodes the body strictly enough for a client.
func read[T any](r reply) T {
	r.t.Helper()
	var out T
	if err := json.Unmarshal(r.body, &out); err != nil {
		r.t.Fatalf("%v: %s", err, r.body)
	}
	return out
}

// portrait is a picture of an identity as image_b64.
func portrait(identity string, variant uint8) string {
	return base64.StdEncoding.EncodeToString(facetest.JPEG(facetest.Picture(identity, variant)))
}

func plain() string { return base64.StdEncoding.EncodeToString(facetest.JPEG(facetest.Plain())) }

// newBody is a body that creates a person of a face that nobody else has.
func newBody(kind string, aliases ...object) object {
	return object{"image_b64": portrait(idem.UUIDv7{}.New(), 0), "photo_type": kind, "is_verified": false, "aliases": aliases}
}

func aliasOf(kind, value string) object { return object{"type": kind, "value": value} }

// create makes a person of organisation A.
func (e *env) create(kind string, aliases ...object) person {
	e.Helper()
	return read[person](e.call(e.a, "POST", base, newBody(kind, aliases...)).is(201))
}

func (e *env) get(id string) person {
	e.Helper()
	return read[person](e.call(e.a, "GET", base+id+"/", nil).is(200))
}

func (e *env) addPhoto(id, kind string) photo {
	e.Helper()
	body := object{"image_b64": portrait(id, uint8(time.Now().UnixNano())), "photo_type": kind}
	return read[photo](e.call(e.a, "POST", base+id+"/photos/", body).is(201))
}

func (e *env) search(t tenant, aliases ...object) (ids []string, match string) {
	e.Helper()
	out := read[struct {
		Matches []string `json:"matches"`
		Match   string   `json:"match"`
	}](e.call(t, "POST", base+"search/", object{"aliases": aliases}).is(200))
	return out.Matches, out.Match
}

// actions lists the actions of a person, newest first.
func (e *env) actions(id string, query ...string) []action {
	e.Helper()
	return read[list[action]](e.call(e.a, "GET", base+id+"/actions/?limit=200"+strings.Join(query, ""), nil).is(200)).Items
}

func typesOf(actions []action) []string {
	out := make([]string, len(actions))
	for i, a := range actions {
		out[i] = a.Type
	}
	return out
}

// count is the number of actions of a type.
func count(actions []action, kind string) int {
	n := 0
	for _, a := range actions {
		if a.Type == kind {
			n++
		}
	}
	return n
}

// contents is everything that a refused request must not change.
type contents struct {
	Persons, Aliases, Photos int
	Actions                  int64
	Left                     int64
	Blobs                    int
	Defaults                 map[idem.PersonID]idem.PhotoID
}

func (e *env) contents(t tenant) contents {
	e.Helper()
	out := contents{Defaults: map[idem.PersonID]idem.PhotoID{}}
	ctx := e.Context()
	must(e, e.store.View(ctx, t.org, func(tx store.Tx) error {
		all, _, err := tx.Persons().List(ctx, store.PersonQuery{State: store.StateAll}, store.Page{Limit: 1000})
		must(e, err)
		for _, p := range all {
			out.Persons++
			aliases, err := tx.Aliases().List(ctx, p.ID)
			must(e, err)
			photos, err := tx.Photos().List(ctx, p.ID)
			must(e, err)
			out.Aliases, out.Photos = out.Aliases+len(aliases), out.Photos+len(photos)
			for _, f := range photos {
				if f.Default {
					out.Defaults[p.ID] = f.ID
				}
			}
		}
		chain, err := tx.Actions().Chain(ctx, 0, 1000)
		out.Actions = int64(len(chain))
		return err
	}))
	out.Left = e.left(t)
	must(e, e.blobs.List(ctx, t.org, func(idem.BlobRef) error { out.Blobs++; return nil }))
	return out
}

// left is what remains of the tenant's PERSONS subscriptions that run.
func (e *env) left(t tenant) (n int64) {
	e.Helper()
	subs, err := e.access.SubscriptionsOf(e.Context(), t.org)
	must(e, err)
	for _, s := range subs {
		if s.Technology == idem.TechPersons && s.Status == idem.SubscriptionActive {
			n += s.Left
		}
	}
	return n
}

// unchanged runs f and fails when anything of organisation A is different
// afterwards.
func (e *env) unchanged(f func()) {
	e.Helper()
	before := e.contents(e.a)
	f()
	if diff := cmp.Diff(before, e.contents(e.a)); diff != "" {
		e.Errorf("a refused request changed something (-before +after):\n%s", diff)
	}
}
