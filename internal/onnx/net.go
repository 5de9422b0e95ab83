//go:build cgo

package onnx

import (
	"errors"
	"fmt"

	rt "github.com/yalue/onnxruntime_go"
)

// Weights is a network file in memory with the names and shapes of its ends.
type Weights struct {
	data            []byte
	inputs, outputs []rt.InputOutputInfo
}

// NewWeights takes over data, a network as shipped, and changes it: weights
// below any meaning become zero. The runtime must have been started.
func NewWeights(data []byte) (Weights, error) {
	if _, err := zeroTiny(data); err != nil {
		return Weights{}, err
	}
	in, out, err := rt.GetInputOutputInfoWithONNXData(data)
	if err != nil {
		return Weights{}, fmt.Errorf("open network: %w", err)
	}
	if len(in) != 1 || len(out) == 0 {
		return Weights{}, errors.New("a network needs one input")
	}
	return Weights{data, in, out}, nil
}

// Net is one session with its own tensors; it is not safe for concurrent use.
// Write In, call Run, read Out.
type Net struct {
	In      []float32
	Out     [][]float32
	session *rt.AdvancedSession
	tensors []*rt.Tensor[float32]
}

// oneThread returns options of a session of one thread, for the caller to
// destroy: parallelism comes from workers, and the runtime's own threads spin.
func oneThread() (*rt.SessionOptions, error) {
	options, err := rt.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("make session options: %w", err)
	}
	if err := errors.Join(options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1)); err != nil {
		return nil, errors.Join(fmt.Errorf("limit session threads: %w", err), options.Destroy())
	}
	return options, nil
}

// Open makes a session with an input of the given shape.
func (w Weights) Open(shape ...int64) (*Net, error) {
	n := &Net{}
	options, err := oneThread()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	in, err := n.tensor(shape)
	if err != nil {
		return nil, err
	}
	var outs []rt.Value
	var names []string
	for _, o := range w.outputs {
		t, err := n.tensor(o.Dimensions)
		if err != nil {
			return nil, errors.Join(err, n.Close())
		}
		names, outs = append(names, o.Name), append(outs, t)
	}
	n.In, n.Out = n.tensors[0].GetData(), data(n.tensors[1:])
	n.session, err = rt.NewAdvancedSessionWithONNXData(w.data, []string{w.inputs[0].Name}, names, []rt.Value{in}, outs, options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open session: %w", err), n.Close())
	}
	return n, nil
}

// tensor allocates a tensor; a dynamic batch size becomes 1.
func (n *Net) tensor(shape []int64) (*rt.Tensor[float32], error) {
	fixed := append(rt.Shape(nil), shape...)
	if len(fixed) > 0 && fixed[0] < 1 {
		fixed[0] = 1
	}
	t, err := rt.NewEmptyTensor[float32](fixed)
	if err != nil {
		return nil, fmt.Errorf("allocate tensor %v: %w", shape, err)
	}
	n.tensors = append(n.tensors, t)
	return t, nil
}

func data(tensors []*rt.Tensor[float32]) (all [][]float32) {
	for _, t := range tensors {
		all = append(all, t.GetData())
	}
	return all
}

// Run computes Out from In.
func (n *Net) Run() error { return n.session.Run() }

// Close frees the session and its tensors.
func (n *Net) Close() error {
	var err error
	if n.session != nil {
		err = n.session.Destroy()
	}
	for _, t := range n.tensors {
		err = errors.Join(err, t.Destroy())
	}
	return err
}
