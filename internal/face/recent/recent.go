package recent

import (
	"context"
	"image"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/idem-id/idem/internal/face"
)

// The bounds of what is remembered. An analysis takes some 3 kB.
const (
	most = 512
	keep = 3 * time.Minute
)

// Engine is a face engine that remembers. It is safe for concurrent use.
type Engine struct {
	face.Engine
	printer printer
	known   *lru.Cache[key, found]
}

// key is a picture within a scope.
type key struct {
	scope string
	print print
}

// scope is the key of the scope in a context.
type scope struct{}

// Within returns a context whose analyses are remembered for one another under
// a name, such as a session's: what was seen elsewhere is not known in it, so
// that nobody learns from the time of an answer what others have shown.
func Within(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, scope{}, name)
}

// found is an analysis and what was wanted of it.
type found struct {
	analysis face.Analysis
	want     face.Want
}

// New returns an engine that remembers what engine finds.
func New(engine face.Engine) *Engine {
	known, err := lru.New[key, found](most)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Engine{Engine: engine, printer: newPrinter(), known: known}
}

// Analyse answers as the engine does, or with more parts than are wanted when
// the same pixels were analysed lately within the context's scope; without a
// scope nothing is remembered. Only analyses with templates are: the others are
// those of cameras' guidance, where no picture comes twice.
func (e *Engine) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	name, scoped := ctx.Value(scope{}).(string)
	if !scoped || !want.Has(face.WantTemplate) {
		return e.Engine.Analyse(ctx, img, want)
	}
	print, ok := e.printer.of(img)
	if !ok {
		return e.Engine.Analyse(ctx, img, want)
	}
	return e.analyse(ctx, key{name, print}, img, want)
}

func (e *Engine) analyse(ctx context.Context, k key, img image.Image, want face.Want) (face.Analysis, error) {
	if f, ok := e.known.Get(k); ok && f.want.Has(want) {
		return clone(f.analysis), ctx.Err()
	}
	a, err := e.Engine.Analyse(ctx, img, want)
	if err == nil {
		e.remember(k, found{clone(a), want})
	}
	return a, err
}

// remember keeps an analysis for a while. A picture that comes again meanwhile
// may be forgotten a little early.
func (e *Engine) remember(k key, f found) {
	e.known.Add(k, f)
	time.AfterFunc(keep, func() { e.known.Remove(k) })
}

// clone copies what a caller could change; templates and vectors nobody does.
func clone(a face.Analysis) face.Analysis {
	a.Boxes = slices.Clone(a.Boxes)
	if a.Primary != nil {
		p := *a.Primary
		p.Quality.Issues = slices.Clone(p.Quality.Issues)
		a.Primary = &p
	}
	return a
}
