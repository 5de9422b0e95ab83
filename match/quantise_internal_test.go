package match

import "testing"

// TestQuantiserRoundsHalvesToEven uses clips that put one coordinate of one
// dimension exactly between two codes.
func TestQuantiserRoundsHalvesToEven(t *testing.T) {
	for clip, want := range map[float64]int8{2: 64, 254: 0, 1: 127, 0.5: 127} {
		x, err := quantiseAt(clip, 1, []float32{-3})
		if err != nil || x.Codes()[0] != -want {
			t.Errorf("clip %v: code %v, want %d, %v", clip, x.Codes(), -want, err)
		}
	}
}
