package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// Authenticate tells who shows a secret at the door of a kind: access.Access
// has it.
type Authenticate func(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error)

// Dialect is a further API on the same server. Routes adds its patterns to the
// mux; authenticate is the one to use there, because it notes for the log whose
// request it is. Batch names the paths whose bodies are streamed and may have up
// to Limits.Batch bytes.
type Dialect struct {
	Routes func(mux *http.ServeMux, authenticate Authenticate)
	Batch  []string
}

// Deps is what the edge stands on. Dialects, Parts, Log and Limits may be left
// out.
type Deps struct {
	Access   *access.Access
	Registry *registry.Registry
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
	store     store.Store
	ids       idem.IDs
	metrics   *metrics.Metrics
	parts     []Part
	log       *slog.Logger
	version   string
	limits    Limits
	batch     map[string]bool // paths with large bodies
	admission *admission
	api       huma.API
}

// New assembles the whole HTTP handler.
func New(d Deps) http.Handler {
	mux := http.NewServeMux()
	s := newServer(d)
	s.api = humago.New(mux, s.humaConfig())
	s.routes()
	s.pages(mux)
	for _, dialect := range d.Dialects {
		dialect.Routes(mux, s.authenticateSecret)
		for _, path := range dialect.Batch {
			s.batch[path] = true
		}
	}
	return s.outermost(s.takeBody(dispatch(mux)))
}

func newServer(d Deps) *server {
	s := &server{access: d.Access, registry: d.Registry, store: d.Store, ids: d.IDs, metrics: d.Metrics, parts: d.Parts,
		log: d.Log, version: d.Version, limits: d.Limits.withDefaults(), batch: map[string]bool{}}
	s.admission = newAdmission(s.limits)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics == nil {
		s.metrics = metrics.New(d.Version)
	}
	if s.ids == nil {
		s.ids = idem.UUIDv7{}
	}
	s.metrics.Add(s.readyReading())
	return s
}

// authenticateSecret is access.Authenticate, and notes the organisation.
func (s *server) authenticateSecret(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error) {
	p, err := s.access.Authenticate(ctx, kind, secret)
	if err == nil {
		noteOrg(ctx, p.Org)
	}
	return p, err
}
