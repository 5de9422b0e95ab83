package ocr

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/onnx"
)

// ErrUnavailable is what an engine answers that cannot work.
var ErrUnavailable = idem.Errorf(idem.Unavailable, "DOCUMENT_ENGINE_UNAVAILABLE", "the document engine is not available")

// Options of Open. The zero value has one worker per processor.
type Options struct {
	Workers int // networks that run at a time
}

// Engine finds and reads text. It is safe for concurrent use.
type Engine struct {
	detect, direction, recognise *onnx.Session
	letters                      alphabet
	broken                       error         // why there are no networks
	slots                        chan struct{} // one per network at work
	closing                      sync.Once
	tape                         *Tape // nil but while measuring
}

// Open loads the networks in dir. It always returns an engine: without the
// files, Ready says which one is missing or altered and every call is refused,
// so that a node can start and be told.
func Open(dir string, o Options) *Engine {
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	e := &Engine{slots: make(chan struct{}, o.Workers)}
	if err := e.load(dir); err != nil {
		e.broken = unavailable(errors.Join(err, e.Close()))
	}
	return e
}

// unavailable shows the reasons that the models' manifest gives; others are
// only logged.
func unavailable(cause error) error {
	reason := "the models cannot be loaded"
	if known := (*idem.Error)(nil); errors.As(cause, &known) {
		reason = known.Message
	}
	e := ErrUnavailable.Because(cause)
	e.Message += ": " + reason
	return e
}

func (e *Engine) load(dir string) error {
	c, err := models.Load(dir)
	if err != nil {
		return err
	}
	if err := onnx.Start(dir, c.Runtime); err != nil {
		return err
	}
	for _, s := range []struct {
		to  **onnx.Session
		net models.Net
	}{{&e.detect, c.Text.Detect}, {&e.direction, c.Text.Direction}, {&e.recognise, c.Text.Recognise}} {
		if *s.to, err = onnx.OpenSession(dir, s.net); err != nil {
			return err
		}
	}
	lines, err := models.Read(dir, c.Text.Alphabet.File, c.Text.Alphabet.SHA256)
	if err != nil {
		return err
	}
	e.letters = newAlphabet(strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n"))
	return nil
}

// Ready returns nil, or which file keeps the engine from working.
func (e *Engine) Ready() error { return e.broken }

// Close frees the networks. Nothing may be read afterwards.
func (e *Engine) Close() error {
	var err error
	e.closing.Do(func() {
		for _, s := range []*onnx.Session{e.detect, e.direction, e.recognise} {
			if s != nil {
				err = errors.Join(err, s.Close())
			}
		}
	})
	return err
}

// run waits for its turn and runs a network on the caller's goroutine.
func (e *Engine) run(ctx context.Context, s *onnx.Session, in []float32, shape ...int64) ([]float32, []int64, error) {
	if e.broken != nil {
		return nil, nil, e.broken
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("wait for the document engine: %w", ctx.Err())
	}
	defer func() { <-e.slots }()
	if e.tape != nil {
		e.tape.add(s, in, shape)
	}
	return s.Run(in, shape...)
}
