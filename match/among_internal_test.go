package match

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestIDSetHoldsItsIDs asks a set for what it has and for neighbours of that.
func TestIDSetHoldsItsIDs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 7, 1000, 50_000} {
		ids, held := []uint64{}, map[uint64]bool{}
		for i := range uint64(n) {
			for _, id := range []uint64{i * 3, math.MaxUint64 - i, r.Uint64(), i << 40} {
				ids, held[id] = append(ids, id, id), true
			}
		}
		s := newIDSet(ids)
		for _, id := range append(ids, 0, 1, math.MaxUint64) {
			for _, near := range []uint64{id - 1, id, id + 1} {
				if s.has(near) != held[near] {
					t.Fatalf("%d of %d ids: %v", near, len(ids), s.has(near))
				}
			}
		}
	}
}
