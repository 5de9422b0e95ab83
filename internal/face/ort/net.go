//go:build cgo

package ort

import (
	"errors"
	"fmt"

	rt "github.com/yalue/onnxruntime_go"
)

// weights is a network file in memory with the names and shapes of its ends.
type weights struct {
	data            []byte
	inputs, outputs []rt.InputOutputInfo
}

// newWeights takes over data, which it changes.
func newWeights(data []byte) (weights, error) {
	if _, err := zeroTiny(data); err != nil {
		return weights{}, err
	}
	in, out, err := rt.GetInputOutputInfoWithONNXData(data)
	if err != nil {
		return weights{}, fmt.Errorf("open network: %w", err)
	}
	if len(in) != 1 || len(out) == 0 {
		return weights{}, errors.New("a network needs one input")
	}
	return weights{data, in, out}, nil
}

// net is one session with its own tensors; it is not safe for concurrent use.
type net struct {
	session *rt.AdvancedSession
	in      []float32
	out     [][]float32
	tensors []*rt.Tensor[float32]
}

// open makes a session of one thread: parallelism comes from workers, and the
// runtime's own threads spin.
func (w weights) open(shape ...int64) (*net, error) {
	n := &net{}
	options, err := rt.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("make session options: %w", err)
	}
	defer options.Destroy()
	if err := errors.Join(options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1)); err != nil {
		return nil, fmt.Errorf("limit session threads: %w", err)
	}
	in, err := n.tensor(shape)
	if err != nil {
		return nil, err
	}
	var outs []rt.Value
	var names []string
	for _, o := range w.outputs {
		t, err := n.tensor(o.Dimensions)
		if err != nil {
			return nil, errors.Join(err, n.close())
		}
		names, outs = append(names, o.Name), append(outs, t)
	}
	n.in, n.out = n.tensors[0].GetData(), data(n.tensors[1:])
	n.session, err = rt.NewAdvancedSessionWithONNXData(w.data, []string{w.inputs[0].Name}, names, []rt.Value{in}, outs, options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open session: %w", err), n.close())
	}
	return n, nil
}

// tensor allocates a tensor; a dynamic batch size becomes 1.
func (n *net) tensor(shape []int64) (*rt.Tensor[float32], error) {
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

func (n *net) run() error { return n.session.Run() }

func (n *net) close() error {
	var err error
	if n.session != nil {
		err = n.session.Destroy()
	}
	for _, t := range n.tensors {
		err = errors.Join(err, t.Destroy())
	}
	return err
}
