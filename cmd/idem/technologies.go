package main

import (
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/barcode"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
	"github.com/idem-id/idem/internal/tech/run"
)

// engines are what the technologies work with.
type engines struct {
	faces face.Engine
	text  *ocr.Engine
	chips *edocument.Technology
}

// technologies are all that can be checked alone.
func (e engines) technologies(o document.Options) []tech.Technology {
	if worker, err := picture.SelfWorker("barcode"); err == nil { // it fails only where pictures' worker did before
		o.Codes = barcode.NewReader(worker)
	}
	return append(liveness.New(e.faces, time.Now), facematch.New(e.faces), document.New(e.text, e.faces, o), e.chips)
}

// checks is the use case of the server. Flows share its runner.
func (a *app) checks(m *metrics.Metrics) *check.Checks {
	return check.New(check.Deps{Store: a.store, IDs: idem.UUIDv7{}, Pictures: a.pictures,
		Technologies: engines{a.engine, a.text, a.chips}.technologies(document.Options{Specimen: a.config.Specimens}),
		Runner: run.New(run.Bounds{Observe: func(code idem.TechCode, end run.End, took time.Duration) {
			m.Checked(string(code), string(end), took)
		}})})
}
