package match

import (
	"fmt"
	"math"
)

// clipSigma is where the codes end: a coordinate of clipSigma/sqrt(d) of a unit
// vector, that is clipSigma standard deviations of its coordinates, gets the
// code 127, and larger ones are clipped to it. A small value clips the tails, a
// large one wastes codes on coordinates that never come.
//
// It was chosen on 882 faces of LFW and the 512-d recogniser, between 2 and 5:
// the verification rate at FMR 1e-3 was that of float32 everywhere, so the
// choice is the smallest value that also left FMR 1e-4 and 1e-5 as they were.
// Larger ones bring scores a little nearer to float32 but leave the high
// nibbles of the codes less to say, on which a fast first pass depends. The
// README has the table.
//
// The value is part of format version 1 and frozen: templates made with another
// one would still be comparable, but their scores would shift.
const clipSigma = 3.25

const maxCode = 127

// Quantise makes a template of a recogniser's output v: 1..MaxDim coordinates
// of any scale, of which only the direction counts. model is the first four
// bytes of the SHA-256 of the recogniser's weights, read little endian.
//
// It refuses, wrapping ErrVector, an illegal length, a coordinate that is
// infinite or not a number, and the zero vector. The codes are the same on
// every architecture, and those of -v are the negated codes of v.
func Quantise(model uint32, v []float32) (Template, error) {
	return quantiseAt(clipSigma, model, v)
}

func quantiseAt(clip float64, model uint32, v []float32) (Template, error) {
	norm, err := vectorNorm(v)
	if err != nil {
		return Template{}, err
	}
	scale := maxCode * math.Sqrt(float64(len(v))) / (clip * norm)
	codes := make([]int8, len(v))
	for i, x := range v {
		c := math.RoundToEven(float64(x) * scale)
		codes[i] = int8(max(-maxCode, min(maxCode, c)))
	}
	return newTemplate(model, codes), nil
}

// vectorNorm adds in order. The square of a float32 is exact in float64, so a
// fused multiply-add, which Go uses on some architectures, changes nothing; and
// it neither overflows nor vanishes for any finite float32.
func vectorNorm(v []float32) (float64, error) {
	if len(v) < 1 || len(v) > MaxDim {
		return 0, fmt.Errorf("%w: %d coordinates, want 1..%d", ErrVector, len(v), MaxDim)
	}
	var sum float64
	for i, x := range v {
		f := float64(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, fmt.Errorf("%w: coordinate %d is not finite", ErrVector, i)
		}
		sum += f * f
	}
	if sum == 0 {
		return 0, fmt.Errorf("%w: all coordinates are zero", ErrVector)
	}
	return math.Sqrt(sum), nil
}
