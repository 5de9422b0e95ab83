package flow_test

import (
	"bytes"
	"context"
	"image/jpeg"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/tech"
)

// What the camera sent is what is kept, compared and collected: it is encoded
// once, by the camera, and analysed once.
func TestFrameIsKeptAsItCame(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		sent := facetest.JPEG(facetest.Picture("ann", 1))
		seen, err := jpeg.Decode(bytes.NewReader(sent))
		w.Must(err)
		w.Holder.Holds("ann", "N1")
		f := w.Flow(nil, idem.TechEDocument, idem.TechLivenessShort, idem.TechFace2Face)
		s := w.Open(f, "")
		s, err = w.Flows.Start(w.Context(), s.ID)
		w.Must(err)
		w.Step(s.ID, 0)
		_, _, err = w.Flows.Submit(w.Context(), s.ID, 1, func(context.Context) (tech.Evidence, error) {
			return tech.Evidence{Frames: []tech.Frame{{Image: seen, JPEG: sent}}}, nil
		})
		w.Must(err)
		s = w.Step(s.ID, 2)
		if s.State != idem.SessionFinished {
			w.Fatalf("the session is %s, %+v", s.State, s.Failure)
		}
		kept, err := w.Flows.Picture(w.Context(), w.Org, &s, s.Steps[1].Result.Face)
		w.Must(err)
		if !bytes.Equal(kept, sent) {
			w.Error("the frame was encoded again")
		}
		w.Collect(s.ID)
		if n := w.Engine.Analyses(); n != 2 {
			w.Errorf("%d analyses of a frame and a portrait", n)
		}
	})
}
