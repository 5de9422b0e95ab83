package flows

import (
	"context"
	"image"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
)

// frameLimit is what one picture for guidance has at most, in bytes.
const frameLimit = 512 << 10

// frameLimits are those of pictures that a camera takes to be guided by.
func frameLimits() picture.Limits {
	return picture.Limits{Bytes: frameLimit, Pixels: 4_000_000, MinSide: 64, MaxSide: 4096, WorkingSide: 960, Time: 2 * time.Second}
}

// guidance is what one picture lacks. Places are shares of the picture.
type guidance struct {
	Good     bool           `json:"good"`
	Hints    []tech.Reason  `json:"hints"`
	Face     *facePlace     `json:"face"`
	Document *documentPlace `json:"document"`
}

type facePlace struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
	Yaw    int     `json:"yaw"`
	Pitch  int     `json:"pitch"`
}

type documentPlace struct {
	Quad tech.Quad `json:"quad"`
}

func guidanceOf(g tech.Guidance) guidance {
	out := guidance{Good: len(g.Hints) == 0, Hints: append([]tech.Reason{}, g.Hints...)}
	if f := g.Face; f != nil {
		out.Face = &facePlace{share(f.X), share(f.Y), share(f.Width), share(f.Height), int(math.Round(f.Yaw)), int(math.Round(f.Pitch))}
	}
	if q := g.Document; q != nil {
		out.Document = &documentPlace{}
		for i, p := range q {
			out.Document.Quad[i] = [2]float64{share(p[0]), share(p[1])}
		}
	}
	return out
}

// share keeps what is inside the picture, to a thousandth.
func share(v float64) float64 { return math.Round(1000*min(max(v, 0), 1)) / 1000 }

// guide tells what a picture of the camera lacks. Nothing of it is kept.
func (a *api) guide(w http.ResponseWriter, r *http.Request) (any, error) {
	id, i, err := a.expected(w, r)
	if err != nil {
		return nil, err
	}
	data, err := frame(w, r)
	if err != nil {
		return nil, err
	}
	g, err := a.Flows.Guide(r.Context(), id, i, func(ctx context.Context) (image.Image, error) {
		p, err := a.frames.Decode(ctx, data)
		return p.Image, err
	})
	if err != nil {
		return nil, err
	}
	return guidanceOf(g), nil
}

// frame reads the one picture of a form.
func frame(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	form, err := openForm(w, r, frameLimit+textLimit)
	if err != nil {
		return nil, err
	}
	part, err := form.NextRawPart()
	switch {
	case err == io.EOF:
		return nil, tech.ErrEvidenceMissing.At("image")
	case err != nil:
		return nil, broken(err, errForm)
	case part.FormName() != "image":
		return nil, errPart(part.FormName(), "image")
	}
	data, err := readPart(part, frameLimit, "image")
	if err != nil {
		return nil, err
	}
	if _, err := form.NextRawPart(); err != io.EOF {
		return nil, errForm
	}
	return data, nil
}

// errPart refuses a part of a form by its name and tells which there are.
func errPart(name string, known ...string) error {
	return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the parts of this form are %s", strings.Join(known, ", ")).At(clip(name))
}
