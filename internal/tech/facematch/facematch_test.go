package facematch_test

import (
	"errors"
	"image"
	"slices"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/facematch"
)

func compare(t *testing.T, probe, reference image.Image, fmr float64) (tech.Outcome, *facematch.Result) {
	t.Helper()
	out, err := facematch.New(facetest.Fake{}).Run(t.Context(), tech.Evidence{
		Probe: probe, Reference: tech.Reference{Image: reference, Source: tech.FromChip}, FMR: fmr,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, out.Details.(*facematch.Result)
}

func TestMates(t *testing.T) {
	out, r := compare(t, facetest.Picture("ann", 1), facetest.Picture("ann", 2), 0)
	if !out.Passed || len(out.Reasons) > 0 || r.FMR > 1e-6 || r.ThresholdFMR != facematch.DefaultFMR || r.Source != tech.FromChip {
		t.Errorf("mates: %+v, %+v", out, r)
	}
	if s := r.Similarity(); s != 1 {
		t.Errorf("similarity of mates is %v", s)
	}
}

func TestStrangers(t *testing.T) {
	out, r := compare(t, facetest.Picture("ann", 1), facetest.Picture("bob", 1), 1e-3)
	if out.Passed || !slices.Equal(out.Reasons, []tech.Reason{facematch.FacesDiffer}) || r.Threshold != 0.34 {
		t.Errorf("strangers: %+v, %+v", out, r)
	}
	if s := r.Similarity(); s < 0 || s >= 0.5 {
		t.Errorf("similarity of strangers is %v", s)
	}
}

func TestFacesThatCannotBeCompared(t *testing.T) {
	ann := facetest.Picture("ann", 1)
	for name, c := range map[string]struct {
		probe, reference image.Image
		want             []tech.Reason
	}{
		"no face on either":   {facetest.Plain(), facetest.Plain(), []tech.Reason{facematch.ProbeUnusable, facematch.ReferenceUnusable}},
		"blurred probe":       {facetest.Blurred("ann"), ann, []tech.Reason{facematch.ProbeUnusable}},
		"too small reference": {ann, facetest.Tiny("ann"), []tech.Reason{facematch.ReferenceUnusable}},
	} {
		out, r := compare(t, c.probe, c.reference, 0)
		if out.Passed || !slices.Equal(out.Reasons, c.want) || r.Score != 0 || r.FMR != 1 {
			t.Errorf("%s: %+v, %+v", name, out, r)
		}
	}
}

func TestDoubts(t *testing.T) {
	out, _ := compare(t, facetest.Group("ann"), facetest.Blurred("ann"), 0)
	if !out.Passed || !slices.Equal(out.Warnings, []tech.Reason{facematch.SeveralFaces, facematch.PoorReference}) {
		t.Errorf("doubts: %+v", out)
	}
}

func TestRefusals(t *testing.T) {
	ann := facetest.Picture("ann", 1)
	f := facematch.New(facetest.Fake{})
	if _, err := f.Run(t.Context(), tech.Evidence{Probe: ann}); !errors.Is(err, tech.ErrEvidenceMissing) {
		t.Errorf("without reference: %v", err)
	}
	in := tech.Evidence{Probe: ann, Reference: tech.Reference{Image: ann}, FMR: 1e-9}
	if _, err := f.Run(t.Context(), in); idem.CodeOf(err) != "FMR_NOT_CALIBRATED" {
		t.Errorf("rate out of range: %v", err)
	}
	broken := facematch.New(facetest.Fake{Err: errors.New("no models")})
	in.FMR = 0
	if _, err := broken.Run(t.Context(), in); !errors.Is(err, face.ErrUnavailable) || broken.Ready() == nil {
		t.Errorf("without an engine: %v", err)
	}
}
