package flow_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// withChips makes the world's flows take chips that the issuer signed.
func withChips(w *world, i *edoctest.Issuer) {
	w.Helper()
	roots := trust.Open(filepath.Join(w.TB.(*testing.T).TempDir(), "trust"))
	_, err := roots.Import(i.Root)
	w.Must(err)
	deps := w.Flows.Deps
	deps.Technologies = slices.Clone(deps.Technologies)
	for at, t := range deps.Technologies {
		if t.Code() == ed {
			deps.Technologies[at] = edocument.New(edocument.Deps{Travel: roots, Mobile: roots, Decoder: picture.NewDecoder(picture.DefaultLimits(), nil)})
		}
	}
	w.Flows = flow.New(deps)
}

func TestEDOC_13_ChipPortraitAgainstTheSelfie(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	flowtest.Each(t, func(w *world) {
		withChips(w, i)
		for identity, passes := range map[string]bool{"ann": true, "bob": false} {
			chip := i.Chip(edoctest.Groups(edoctest.Passport(), facetest.JPEG(facetest.Picture(identity, 5))))
			s := w.Open(w.Flow(nil, lds, ed, f2f), "")
			start(w, s.ID)
			w.Step(s.ID, 0)
			_, out, err := w.Flows.Submit(w.Context(), s.ID, 1, func(context.Context) (tech.Evidence, error) {
				return tech.Evidence{Files: chip, Now: time.Now()}, nil
			})
			if err != nil || !out.Passed {
				w.Fatalf("the chip: %+v, %v", out, err)
			}
			s = w.Step(s.ID, 2)
			m := s.Steps[2].Result.Match
			if s.Passed() != passes || m.Source != idem.ReferenceEDocument {
				w.Errorf("%s: %s, %+v", identity, s.State, m)
			}
		}
	})
}
