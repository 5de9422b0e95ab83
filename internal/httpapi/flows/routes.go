package flows

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/picture"
)

// Authenticate tells who shows a secret of the kind.
type Authenticate func(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error)

// Deps is what the dialect works with.
type Deps struct {
	Flows        *flow.Flows
	Pictures     *picture.Decoder
	Authenticate Authenticate
	// Refuse answers with a refusal in the shape of the Persons API.
	Refuse func(http.ResponseWriter, *http.Request, error)
	// Limiter bounds how often clients come; nil bounds nothing.
	Limiter *Limiter
}

// Base is the path that the routes stand under.
const Base = "/api/v1/flows/session"

// The refusals of the dialect itself.
var (
	errMethod  = idem.Errorf(idem.Invalid, "METHOD_NOT_ALLOWED", "the path does not have this method")
	errNoRoute = idem.Errorf(idem.NotFound, "NOT_FOUND", "no such path")
	errOrigin  = idem.Errorf(idem.Forbidden, "ORIGIN_FORBIDDEN", "results are not given to browsers; ask from your server")
)

type api struct {
	Deps
	frames *picture.Decoder // of guidance
}

type route struct {
	method, path string
	limit        Limit
	handle       func(http.ResponseWriter, *http.Request) (any, error)
}

func (a *api) routes() []route {
	const (
		session = Base + "/{session_id}"
		step    = session + "/steps/{index}"
	)
	return []route{
		{"POST", Base + "/create", unlimited, a.create},
		{"GET", Base + "/result", unlimited, a.result},
		{"POST", "/api/v1/e-document/generate-files", unlimited, a.generateFiles},

		{"GET", session + "/state", LimitReads, a.state},
		{"POST", session + "/start", LimitReads, a.start},
		{"POST", session + "/abort", LimitReads, a.abort},
		{"POST", step, LimitSubmit, a.submit},
		{"POST", step + "/guidance", LimitGuidance, a.guide},
		{"POST", step + "/challenge", LimitReads, a.challenge},
		{"POST", step + "/request", LimitSubmit, a.request},
		{"POST", step + "/approve", LimitSubmit, a.approve},
	}
}

// Routes registers the dialect on a mux. A path with a method that it does not
// have answers 405, an unknown path below Base 404.
func Routes(mux *http.ServeMux, d Deps) {
	a := &api{d, d.Pictures.Limited(frameLimits())}
	allowed := map[string][]string{}
	for _, r := range a.routes() {
		allowed[r.path] = append(allowed[r.path], r.method)
		register(mux, r.method, r.path, a.serve(r))
	}
	for path, methods := range allowed {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if !slices.Contains(methods, method) {
				register(mux, method, path, a.refuse(errMethod, methods))
			}
		}
	}
	mux.Handle(Base+"/", a.refuse(errNoRoute, nil))
}

func register(mux *http.ServeMux, method, path string, h http.Handler) {
	mux.Handle(method+" "+path, h)
	mux.Handle(method+" "+path+"/{$}", h)
}

func (a *api) refuse(refusal *idem.Error, allow []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(allow) > 0 {
			w.Header().Set("Allow", strings.Join(allow, ", "))
		}
		a.Refuse(w, r, refusal)
	})
}

func (a *api) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := a.answer(rt, w, r)
		if err == nil {
			err = send(w, body)
		}
		if err != nil {
			a.Refuse(w, r, err)
		}
	})
}

// answer runs a route within the limits of its clients.
func (a *api) answer(rt route, w http.ResponseWriter, r *http.Request) (any, error) {
	leave, err := a.Limiter.enter(rt.limit, r)
	if err != nil {
		leaveUnread(w, r)
		return nil, err
	}
	defer leave()
	body, err := rt.handle(w, r.WithContext(flow.By(r.Context(), idem.VisitorOf(a.Limiter.client(r), r.UserAgent()))))
	if errors.Is(err, idem.ErrSessionNotFound) {
		a.Limiter.miss(rt.limit, r)
	}
	return body, err
}
