package gallery_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// outcome is what a client learns from one enrolment.
type outcome string

const (
	accepted  outcome = "accepted"  // the face was new and is enrolled
	duplicate outcome = "duplicate" // the face was known
	none      outcome = "none"      // refused without effect
	unknown   outcome = "unknown"   // the client never got an answer
)

// history records enrolments by many clients for the model below.
type history struct {
	mu  sync.Mutex
	ops []porcupine.Operation
}

// add takes one enrolment; times are nanoseconds since the epoch. An unknown
// outcome may take effect at any later time.
func (h *history) add(face int, result outcome, call, back time.Time) {
	op := porcupine.Operation{Input: face, Output: result, Call: call.UnixNano(), Return: back.UnixNano()}
	if result == unknown {
		op.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	op.ClientId = len(h.ops)
	h.ops = append(h.ops, op)
}

// uniqueness is the specification: for each face a register that one enrolment
// at most sets, and that answers duplicate from then on.
var uniqueness = porcupine.NondeterministicModel{
	Partition: func(ops []porcupine.Operation) [][]porcupine.Operation {
		byFace := map[int][]porcupine.Operation{}
		for _, op := range ops {
			byFace[op.Input.(int)] = append(byFace[op.Input.(int)], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byFace {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() []any { return []any{false} },
	Step: func(state, _, output any) []any {
		known := state.(bool)
		switch output.(outcome) {
		case accepted:
			if known {
				return nil
			}
			return []any{true}
		case duplicate:
			if !known {
				return nil
			}
			return []any{true}
		case unknown:
			if !known {
				return []any{false, true}
			}
		}
		return []any{known}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("face %v: %v", input, output) },
}

// check fails the test unless the history has a sequential explanation.
func (h *history) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	model := uniqueness.ToModel()
	if result := porcupine.CheckOperationsTimeout(model, h.ops, time.Minute); result != porcupine.Ok {
		t.Errorf("the history of %d enrolments is not explained by any order: %v", len(h.ops), result)
	}
}

// count returns how many enrolments of a face ended so.
func (h *history) count(face int, result outcome) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, op := range h.ops {
		if op.Input == face && op.Output == result {
			n++
		}
	}
	return n
}

// TestHistoryModel makes sure that the specification can fail.
func TestHistoryModel(t *testing.T) {
	at := func(i int) time.Time { return time.Unix(int64(i), 0) }
	lawful := &history{}
	lawful.add(1, duplicate, at(1), at(4))
	lawful.add(1, accepted, at(2), at(3))
	lawful.add(2, unknown, at(1), at(2))
	lawful.add(2, duplicate, at(5), at(6))
	lawful.add(3, none, at(1), at(2))
	lawful.check(t)
	for name, second := range map[string]outcome{"two accepted": accepted, "duplicate of nothing": duplicate} {
		h := &history{}
		if second == accepted {
			h.add(1, accepted, at(1), at(2))
		}
		h.add(1, second, at(3), at(4))
		if porcupine.CheckOperations(uniqueness.ToModel(), h.ops) {
			t.Errorf("%s is accepted by the model", name)
		}
	}
}
