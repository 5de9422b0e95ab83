package ocr

import (
	"slices"

	"github.com/idem-id/idem/internal/onnx"
)

// Tape is the networks that some work ran, with their inputs, to be run again
// alone: what the work costs at least.
type Tape struct{ runs []tapedRun }

type tapedRun struct {
	session *onnx.Session
	in      []float32
	shape   []int64
}

// Record returns the networks that work runs. It is for measuring: nothing
// else may use the engine meanwhile.
func (e *Engine) Record(work func() error) (*Tape, error) {
	e.tape = &Tape{}
	defer func() { e.tape = nil }()
	err := work()
	return e.tape, err
}

func (t *Tape) add(s *onnx.Session, in []float32, shape []int64) {
	t.runs = append(t.runs, tapedRun{s, slices.Clone(in), slices.Clone(shape)})
}

// Play runs the networks again and drops what they answer.
func (t *Tape) Play() error {
	for _, r := range t.runs {
		if _, _, err := r.session.Run(r.in, r.shape...); err != nil {
			return err
		}
	}
	return nil
}

// Len returns how many runs there are.
func (t *Tape) Len() int { return len(t.runs) }
