package main

import (
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/facematch"
)

// technologies are all that can be checked alone.
func technologies(engine face.Engine) []tech.Technology {
	return []tech.Technology{facematch.New(engine)}
}

// checks is the use case of the server.
func (a *app) checks(m *metrics.Metrics) *check.Checks {
	return check.New(check.Deps{Store: a.store, Technologies: append(technologies(a.engine), a.chips), IDs: idem.UUIDv7{}, Pictures: a.pictures,
		Observe: func(code idem.TechCode, end check.End, took time.Duration) {
			m.Checked(string(code), string(end), took)
		}})
}
