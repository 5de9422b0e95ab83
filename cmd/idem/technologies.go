package main

import (
	"context"
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
	"github.com/idem-id/idem/internal/tech/document/tesseract"
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
	o.Cyrillic = cyrillicReader()
	return append(liveness.New(e.faces, time.Now), facematch.New(e.faces), document.New(e.text, e.faces, o), e.chips)
}

// cyrillicReader reads Kazakh and Russian where Tesseract is installed, else it
// is nil.
func cyrillicReader() *tesseract.Reader {
	program, err := tesseract.Find(context.Background())
	if err != nil {
		return nil
	}
	worker, err := picture.SelfWorker("tesseract", program.Path)
	if err != nil {
		return nil
	}
	return tesseract.NewReader(worker)
}

// checkCyrillic says whether Cyrillic visual zones are read.
func checkCyrillic(ctx context.Context) finding {
	p, err := tesseract.Find(ctx)
	if err != nil {
		return finding{"cyrillic", "warning", err.Error(), "apt-get install tesseract-ocr tesseract-ocr-kaz tesseract-ocr-rus, then restart; all else works without"}
	}
	return ok("cyrillic", "Tesseract %s in %s reads Kazakh and Russian", p.Version, p.Path)
}

// checks is the use case of the server. Flows share its runner.
func (a *app) checks(m *metrics.Metrics) *check.Checks {
	return check.New(check.Deps{Store: a.store, IDs: idem.UUIDv7{}, Pictures: a.pictures,
		Technologies: engines{a.engine, a.text, a.chips}.technologies(document.Options{Specimen: a.config.Specimens}),
		Runner: run.New(run.Bounds{Observe: func(code idem.TechCode, end run.End, took time.Duration) {
			m.Checked(string(code), string(end), took)
		}})})
}
