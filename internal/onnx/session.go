//go:build cgo

package onnx

import (
	"errors"
	"fmt"

	"github.com/idem-id/idem/internal/models"
	rt "github.com/yalue/onnxruntime_go"
)

// Session is a network with one input and one output whose shapes are chosen
// with every run. It is safe for concurrent use.
type Session struct{ session *rt.DynamicAdvancedSession }

// OpenSession reads and checks the network file n in dir. The runtime must
// have been started. It answers MODELS_INCOMPLETE (Unavailable) when the file
// is missing or altered.
func OpenSession(dir string, n models.Net) (*Session, error) {
	data, err := models.Read(dir, n.File, n.SHA256)
	if err != nil {
		return nil, err
	}
	w, err := NewWeights(data)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", n.File, err)
	}
	options, err := oneThread()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	s, err := rt.NewDynamicAdvancedSessionWithONNXData(w.data, []string{w.inputs[0].Name}, []string{w.outputs[0].Name}, options)
	if err != nil {
		return nil, fmt.Errorf("open session of %s: %w", n.File, err)
	}
	return &Session{s}, nil
}

// Run feeds a tensor of the given shape and returns the output with its shape,
// in memory of their own.
func (s *Session) Run(in []float32, shape ...int64) (out []float32, outShape []int64, err error) {
	input, err := rt.NewTensor(rt.NewShape(shape...), in)
	if err != nil {
		return nil, nil, fmt.Errorf("make tensor %v: %w", shape, err)
	}
	defer func() { err = errors.Join(err, input.Destroy()) }()
	outputs := []rt.Value{nil}
	if err := s.session.Run([]rt.Value{input}, outputs); err != nil {
		return nil, nil, fmt.Errorf("run network: %w", err)
	}
	defer func() { err = errors.Join(err, outputs[0].Destroy()) }()
	t, ok := outputs[0].(*rt.Tensor[float32])
	if !ok {
		return nil, nil, errors.New("the network does not answer 32-bit numbers")
	}
	return append([]float32(nil), t.GetData()...), t.GetShape(), nil
}

// Close frees the session. Nothing may run any more.
func (s *Session) Close() error { return s.session.Destroy() }
