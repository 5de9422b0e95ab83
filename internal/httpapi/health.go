package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/metrics"
)

// Part is something that must work before the server can do all it is for: the
// database, the models, the gallery, the disk.
type Part struct {
	Name string
	// Check returns nil, or what is missing. It is quick and safe for
	// concurrent use.
	Check func(ctx context.Context) error
	// Optional parts are told of and do not keep the server from being ready:
	// without them only what they are for is refused.
	Optional bool
}

// partTimeout bounds one check.
const partTimeout = 2 * time.Second

// Readiness is the body of /readyz.
type Readiness struct {
	Status string       `json:"status"` // ready or not_ready
	Parts  []PartStatus `json:"parts"`
}

// PartStatus is one part's line in it.
type PartStatus struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	// Optional parts do not decide about the status.
	Optional bool   `json:"optional,omitzero"`
	Code     string `json:"code,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// health answers while the process runs, whatever else is broken.
func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": s.version})
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	readiness := s.readiness(r.Context())
	code := http.StatusOK
	if readiness.Status != statusReady {
		code = http.StatusServiceUnavailable
	}
	writeJSON(w, code, readiness)
}

const (
	statusReady    = "ready"
	statusNotReady = "not_ready"
)

// readiness asks all parts at once.
func (s *server) readiness(ctx context.Context) Readiness {
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	out := Readiness{Status: statusReady, Parts: make([]PartStatus, len(s.parts))}
	var all sync.WaitGroup
	for i, part := range s.parts {
		all.Go(func() { out.Parts[i] = s.check(ctx, part) })
	}
	all.Wait()
	for _, part := range out.Parts {
		if !part.Ready && !part.Optional {
			out.Status = statusNotReady
		}
	}
	return out
}

// check shows the words of an *idem.Error; any other failure is only logged.
func (s *server) check(ctx context.Context, part Part) PartStatus {
	out := PartStatus{Name: part.Name, Optional: part.Optional}
	err := part.Check(ctx)
	if err == nil {
		out.Ready = true
		return out
	}
	level := slog.LevelWarn
	if part.Optional {
		level = slog.LevelDebug // told at the start; probes come every few seconds
	}
	s.log.LogAttrs(ctx, level, "not ready", slog.String("part", part.Name), slog.Any("error", err))
	out.Code, out.Detail = "INTERNAL", "the check failed; see the server's log"
	if e := (*idem.Error)(nil); errors.As(err, &e) {
		out.Code, out.Detail = e.Code, e.Message
	}
	return out
}

func (s *server) readyReading() metrics.Reading {
	return metrics.Reading{Name: "ready", Help: "1 when every part that the server needs works.", Value: func() float64 {
		if s.readiness(context.Background()).Status == statusReady {
			return 1
		}
		return 0
	}}
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"code":"INTERNAL"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that has gone is nobody's fault
}
