package flow_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
)

func TestHostedTellsWhoMayFrameThePage(t *testing.T) {
	flowtest.Each(t, func(w *flowtest.World) {
		made, err := w.Flows.Define(w.Context(), w.Admin, flow.NewFlow{Name: "framed", Technologies: []idem.TechCode{idem.TechLivenessShort},
			FrameAncestors: []string{"https://Shop.example"}})
		w.Must(err)
		s, err := w.Flows.Open(w.Context(), w.Client(made), flow.Opening{Locale: "kz"})
		w.Must(err)
		hosted := func() flow.Hosted {
			h, err := w.Flows.Hosted(w.Context(), s.ID)
			w.Must(err)
			return h
		}
		if h := hosted(); h.Locale != "kz" || h.Demo || h.Ended || !slices.Equal(h.FrameAncestors, []string{"https://shop.example"}) {
			w.Errorf("hosted: %+v", h)
		}
		_, err = w.Flows.Configure(w.Context(), w.Admin, made.ID, flow.Change{FrameAncestors: &[]string{"http://shop.example"}})
		if idem.CodeOf(err) != "VALIDATION_FAILED" {
			w.Errorf("plain HTTP: %v", err)
		}
		_, err = w.Flows.Configure(w.Context(), w.Admin, made.ID, flow.Change{FrameAncestors: &[]string{}})
		w.Must(err)
		w.Must(w.Flows.Delete(w.Context(), w.Admin, made.ID))
		if h := hosted(); len(h.FrameAncestors) != 0 {
			w.Errorf("after the change: %+v", h)
		}
		w.Clock.Advance(time.Hour)
		if !hosted().Ended {
			w.Error("an overdue session has not ended")
		}
		if _, err := w.Flows.Hosted(w.Context(), "nothing"); !errors.Is(err, idem.ErrSessionNotFound) {
			w.Errorf("an unknown one: %v", err)
		}
	})
}
