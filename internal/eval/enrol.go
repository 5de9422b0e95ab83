package eval

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech/liveness"
	"github.com/idem-id/idem/match"
	"golang.org/x/sync/errgroup"
)

// Options of an evaluation. The zero value compares templates, silently.
type Options struct {
	Float    bool                  // compare the recogniser's vectors instead of templates
	Progress func(done, total int) // pictures; one call at a time; may be nil
}

// sample is one analysed picture; without a usable face the template is nil.
type sample struct {
	code     face.Code
	template *match.Template
	vector   []float32
	pad      *face.PAD
	seen     *liveness.Observation // of an analysis of everything
}

func (s sample) enrolled() bool { return s.template != nil }

// failed is the score of a comparison with a sample that could not be
// enrolled: below every threshold.
const failed = -2

// score compares two samples: a cosine, or failed.
func (o Options) score(a, b sample) (float64, error) {
	if !a.enrolled() || !b.enrolled() {
		return failed, nil
	}
	if !o.Float {
		return match.Score(*a.template, *b.template)
	}
	sum := 0.0
	for i := range a.vector {
		sum += float64(a.vector[i]) * float64(b.vector[i])
	}
	return sum, nil
}

// enrol analyses files below dir in parallel, in their order.
func (o Options) enrol(ctx context.Context, e face.Engine, dir string, files []string, want face.Want) ([]sample, error) {
	samples := make([]sample, len(files))
	tell := o.counter(len(files))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range files {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			var err error
			samples[i], err = analyse(inner, e, filepath.Join(dir, filepath.FromSlash(file)), want)
			tell()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return samples, ctx.Err()
}

// counter returns a function that reports one more picture.
func (o Options) counter(total int) func() {
	var guard sync.Mutex
	done := 0
	return func() {
		guard.Lock()
		defer guard.Unlock()
		done++
		if o.Progress != nil {
			o.Progress(done, total)
		}
	}
}

func analyse(ctx context.Context, e face.Engine, path string, want face.Want) (sample, error) {
	img, err := load(ctx, path)
	if k := idem.KindOf(err); err != nil && k != idem.Internal {
		return sample{code: face.Code(idem.CodeOf(err))}, nil // a picture that nobody could enrol
	}
	if err != nil {
		return sample{}, err
	}
	a, err := e.Analyse(ctx, img, want)
	if err != nil {
		return sample{}, fmt.Errorf("analyse %s: %w", path, err)
	}
	s := sample{code: a.Code}
	if want == face.Everything {
		s.seen = liveness.See(a, img.Bounds())
	}
	if a.Primary != nil {
		s.pad = a.Primary.PAD
	}
	if a.Usable() {
		s.template, s.vector = a.Primary.Template, a.Primary.Vector
	}
	return s, nil
}

func load(ctx context.Context, path string) (image.Image, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if bytes.HasPrefix(data, []byte("P5")) {
		return decodePGM(data)
	}
	p, err := picture.Decode(ctx, data, picture.DefaultLimits())
	return p.Image, err
}
