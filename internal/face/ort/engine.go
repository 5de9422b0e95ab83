//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"sync"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/onnx"
)

// Engine is a pool of workers. It is safe for concurrent use.
type Engine struct {
	model   face.Model
	config  models.Config
	broken  error // why there are no workers
	free    *pool
	workers int
	closing sync.Once
}

// Open loads the models in dir. It always returns an engine: without the
// files, Ready says which one is missing or altered and every analysis is
// refused, so that a node can start and be told.
func Open(dir string, o Options) *Engine {
	e := &Engine{}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if err := e.load(dir, o.Workers); err != nil {
		e.broken = unavailable(err)
	}
	return e
}

// unavailable shows the reasons that the models' manifest gives; others are
// only logged.
func unavailable(err error) error {
	if known := (*idem.Error)(nil); errors.As(err, &known) {
		return face.Unavailable(known.Message, err)
	}
	return face.Unavailable("the models cannot be loaded", err)
}

func (e *Engine) load(dir string, workers int) error {
	c, err := models.Load(dir)
	if err != nil {
		return err
	}
	set, err := read(dir, c)
	if err != nil {
		return err
	}
	e.config, e.model = c, c.Model()
	e.free = newPool(workers)
	for range workers {
		w, err := set.worker(c)
		if err != nil {
			return errors.Join(err, e.drain())
		}
		e.free.give(w)
		e.workers++
	}
	return nil
}

// networks are the files of one configuration, shared by all workers.
type networks struct{ detect, landmark, feature, living, pose onnx.Weights }

func read(dir string, c models.Config) (n networks, err error) {
	if err := onnx.Start(dir, c.Runtime); err != nil {
		return n, err
	}
	for _, f := range []struct {
		to  *onnx.Weights
		net models.Net
	}{{&n.detect, c.Detector.Net}, {&n.landmark, c.Landmarks}, {&n.feature, c.Recogniser.Net}, {&n.living, c.Liveness}, {&n.pose, c.Pose}} {
		data, err := models.Read(dir, f.net.File, f.net.SHA256)
		if err != nil {
			return n, err
		}
		if *f.to, err = onnx.NewWeights(data); err != nil {
			return n, fmt.Errorf("load %s: %w", f.net.File, err)
		}
	}
	return n, nil
}

func (n networks) worker(c models.Config) (*worker, error) {
	d, r := c.Detector, c.Recogniser
	w := &worker{config: c, model: c.Model(), lum: make([]int32, r.Side*r.Side)}
	var err error
	open := func(to **onnx.Net, from onnx.Weights, shape ...int64) {
		if err == nil {
			*to, err = from.Open(shape...)
		}
	}
	open(&w.detect, n.detect, 1, 3, int64(d.Height), int64(d.Width))
	open(&w.landmark, n.landmark, 1, 1, landmarkSide, landmarkSide)
	open(&w.feature, n.feature, 1, 3, int64(r.Side), int64(r.Side))
	open(&w.living, n.living, 1, 3, livenessSide, livenessSide)
	open(&w.pose, n.pose, 1, 3, poseSide, poseSide)
	if err == nil {
		err = w.checkOutputs()
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// checkOutputs refuses networks of another shape than the configuration says.
func (w *worker) checkOutputs() error {
	d := w.detect.Out
	switch {
	case len(d) != 2 || 2*min(len(d[0]), len(d[1])) != max(len(d[0]), len(d[1])):
		return errors.New("the detector does not answer scores and boxes")
	case len(w.landmark.Out[0]) != 2*68:
		return errors.New("the landmark network does not answer 68 points")
	case len(w.feature.Out[0]) != w.config.Recogniser.Dim:
		return fmt.Errorf("the recogniser answers %d values, not %d", len(w.feature.Out[0]), w.config.Recogniser.Dim)
	case len(w.living.Out[0]) != 3:
		return errors.New("the liveness network does not answer 3 classes")
	case len(w.pose.Out) < 2 || len(w.pose.Out[0]) != poseBins:
		return errors.New("the pose network does not answer 66 bins")
	}
	return nil
}

// Analyse waits for a free worker and runs the pipeline on the caller's
// goroutine.
func (e *Engine) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	if e.broken != nil {
		return face.Analysis{}, e.broken
	}
	w, err := e.free.take(ctx)
	if err != nil {
		return face.Analysis{}, err
	}
	defer e.free.give(w)
	if img.Bounds().Empty() {
		return face.Analysis{Code: face.NotFound}, nil
	}
	a, err := w.analyse(ctx, img, want)
	if err != nil {
		return face.Analysis{}, fmt.Errorf("analyse picture: %w", err)
	}
	return a, nil
}

// Model returns the identity of the recogniser.
func (e *Engine) Model() face.Model { return e.model }

// Ready returns nil, or which file keeps the engine from working.
func (e *Engine) Ready() error { return e.broken }

// Close waits for the analyses in flight and frees the sessions. Nothing may
// be analysed afterwards.
func (e *Engine) Close() error {
	var err error
	e.closing.Do(func() {
		if e.broken == nil {
			err = e.drain()
		}
	})
	return err
}

func (e *Engine) drain() error {
	var err error
	for ; e.workers > 0; e.workers-- {
		w, _ := e.free.take(context.Background()) // cannot be cancelled
		err = errors.Join(err, w.close())
	}
	return err
}

var _ face.Engine = (*Engine)(nil)
