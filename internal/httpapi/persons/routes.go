package persons

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// Authenticate tells who shows a secret of the kind. Unknown, expired and
// revoked secrets, and those of another kind, are Unauthenticated.
type Authenticate func(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error)

// Deps is what the dialect works with. Everything but Log is needed.
type Deps struct {
	Registry     *registry.Registry
	Checks       *check.Checks
	Store        store.Store // remembers answers to creating requests
	Authenticate Authenticate
	IDs          idem.IDs     // of requests that come without one
	Log          *slog.Logger // nil discards
}

// Base is the path that the routes of persons stand under.
const Base = "/api/v1/backend/persons"

// route is one line of the API. Creating routes honour the Idempotency-Key;
// those with parts take a form instead of JSON.
type route struct {
	method, path string
	endpoint     endpoint
	creates      bool
	limit        int64
	parts        *parts
}

func (a *api) routes() []route {
	const (
		person  = Base + "/{person_id}"
		aliases = person + "/aliases"
		photos  = person + "/photos"
	)
	return []route{
		{"GET", Base, a.listPersons, false, 0, nil},
		{"POST", Base, a.createPerson, true, bodyLimit, nil},
		{"POST", Base + "/search", a.searchPersons, false, smallLimit, nil},
		{"POST", Base + "/batch", a.createBatch, true, batchLimit, nil},

		{"GET", person, a.getPerson, false, 0, nil},
		{"PATCH", person, a.patchPerson, false, smallLimit, nil},
		{"DELETE", person, a.deletePerson, false, 0, nil},
		{"POST", person + "/restore", a.restorePerson, true, smallLimit, nil},

		{"POST", aliases, a.addAlias, true, smallLimit, nil},
		{"PATCH", aliases + "/{alias_id}", a.patchAlias, false, smallLimit, nil},
		{"DELETE", aliases + "/{alias_id}", a.deleteAlias, false, 0, nil},

		{"GET", photos, a.listPhotos, false, 0, nil},
		{"POST", photos, a.addPhoto, true, bodyLimit, nil},
		{"PATCH", photos + "/{photo_id}", a.patchPhoto, false, smallLimit, nil},
		{"DELETE", photos + "/{photo_id}", a.deletePhoto, false, 0, nil},
		{"GET", photos + "/{photo_id}/image", a.photoImage, false, 0, nil},

		{"GET", person + "/actions", a.listActions, false, 0, nil},
		{"GET", person + "/sessions", a.listSessions, false, 0, nil},
	}
}

// Routes registers the dialect on a mux. A path with a method that it does not
// have answers 405, an unknown path of the guides' APIs 404.
func Routes(mux *http.ServeMux, d Deps) {
	a := newAPI(d)
	allowed := map[string][]string{}
	for _, r := range slices.Concat(a.routes(), a.checkRoutes()) {
		allowed[r.path] = append(allowed[r.path], r.method)
		register(mux, r.method, r.path, a.handle(r))
	}
	for path, methods := range allowed {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if !slices.Contains(methods, method) {
				register(mux, method, path, a.refuse(errMethod, methods))
			}
		}
	}
	mux.Handle("/api/", a.refuse(errNoRoute, nil))
}

func newAPI(d Deps) *api {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &api{Deps: d, batches: make(chan struct{}, batchesAtOnce)}
}

// Refuse returns what answers a request in the shape of this API when a server
// refuses it before it comes here.
func Refuse(d Deps) func(http.ResponseWriter, *http.Request, error) { return newAPI(d).writeError }

func register(mux *http.ServeMux, method, path string, h http.Handler) {
	mux.Handle(method+" "+path, h)
	mux.Handle(method+" "+path+"/{$}", h)
}

// refuse answers every request with one refusal.
func (a *api) refuse(refusal *idem.Error, allow []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(allow) > 0 {
			w.Header().Set("Allow", strings.Join(allow, ", "))
		}
		a.writeError(w, r, refusal)
	})
}
