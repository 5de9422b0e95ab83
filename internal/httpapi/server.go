package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

// Authenticate tells who shows a secret at the door of a kind: access.Access
// has it.
type Authenticate func(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error)

// Dialect is a further API on the same server. Routes adds its patterns to the
// mux; authenticate is the one to use there, because it notes for the log whose
// request it is. Refuse writes a refusal that is made before a route is reached
// (a body that there is no room for) in the dialect's shape; nil writes a
// Problem.
type Dialect struct {
	Routes func(mux *http.ServeMux, authenticate Authenticate)
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// Deps is what the edge stands on. Dialects, Parts, Log and Limits may be left
// out.
type Deps struct {
	Access   *access.Access
	Registry *registry.Registry
	Checks   *check.Checks
	Flows    *flow.Flows
	Webhooks *webhook.Webhooks
	Store    store.Store // remembers answers for Idempotency-Key
	IDs      idem.IDs
	Metrics  *metrics.Metrics
	Parts    []Part // of readiness
	Dialects []Dialect
	Log      *slog.Logger
	Version  string
	Limits   Limits
}

// server holds what handlers need. It has no state of its own but the
// admission's counts.
type server struct {
	access    *access.Access
	registry  *registry.Registry
	checks    *check.Checks
	flows     *flow.Flows
	webhooks  *webhook.Webhooks
	store     store.Store
	ids       idem.IDs
	metrics   *metrics.Metrics
	parts     []Part
	log       *slog.Logger
	version   string
	limits    Limits
	doors     []door // the native API first
	admission *admission
	api       huma.API
}

// New assembles the whole HTTP handler.
func New(d Deps) http.Handler {
	s := newServer(d)
	for _, dialect := range d.Dialects {
		s.doors = append(s.doors, s.open(dialect))
	}
	return s.outermost(http.HandlerFunc(s.dispatch))
}

// newServer assembles the native API.
func newServer(d Deps) *server {
	s := &server{access: d.Access, registry: d.Registry, checks: d.Checks, flows: d.Flows, webhooks: d.Webhooks, store: d.Store, ids: d.IDs, metrics: d.Metrics, parts: d.Parts,
		log: d.Log, version: d.Version, limits: d.Limits.withDefaults()}
	s.fillIn()
	s.admission = newAdmission(s.limits)
	s.metrics.Add(s.readyReading())
	mux := http.NewServeMux()
	s.api = humago.New(mux, s.humaConfig())
	s.routes()
	s.pages(mux)
	s.doors = []door{{mux: mux, limit: s.limits.Body, refuse: writeProblem}}
	return s
}

func (s *server) fillIn() {
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics == nil {
		s.metrics = metrics.New(s.version)
	}
	if s.ids == nil {
		s.ids = idem.UUIDv7{}
	}
}

func (s *server) open(d Dialect) door {
	out := door{mux: http.NewServeMux(), limit: s.limits.Batch, dialect: true, refuse: d.Refuse}
	d.Routes(out.mux, s.admitDialect)
	if out.refuse == nil {
		out.refuse = writeProblem
	}
	return out
}

// authenticateSecret is access.Authenticate, and notes the organisation.
func (s *server) authenticateSecret(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error) {
	p, err := s.access.Authenticate(ctx, kind, secret)
	if err == nil {
		noteOrg(ctx, p.Org)
	}
	return p, err
}
