package match

import (
	"fmt"
	"math"
)

// Score returns the comparison score of two templates: the cosine of the angle
// between their codes, -1..1, higher is more similar. What score suffices is
// the recogniser's calibration, not this package's business.
//
// The number is a definition, not an approximation that depends on the code
// that computes it: see cosine. It is symmetric bit for bit, exactly 1 if and
// only if one template's codes are a positive multiple of the other's, and 0
// when all codes of either are zero. Templates of different models or
// dimensions are never compared: ErrModel.
func Score(a, b Template) (float64, error) {
	if err := sameModel(a, b.Model(), b.Dim()); err != nil {
		return 0, err
	}
	return cosine(dot(a.body.codes, b.body.codes), a.body.norm, b.body.norm), nil
}

// sameModel also refuses the zero Template on either side: its dimension is 0.
func sameModel(t Template, model uint32, dim int) error {
	if t.body == nil || t.Model() != model || t.Dim() != dim {
		return fmt.Errorf("%w: %v and %d dimensions, model %s", ErrModel, t, dim, modelName(model))
	}
	return nil
}

// cosine is the one canonical expression of the score; every kernel must end in
// it. dot and the squared norms are exact integers below 2^25, their product is
// below 2^50 and exact both in int64 and in float64, and IEEE 754 prescribes
// the bits of one square root and one division: there is nothing left that a
// processor, a compiler or the order of the arguments could change.
//
// No clamp is needed. By Cauchy-Schwarz |dot| <= sqrt(na nb), and as dot is
// itself a float64, rounding the root cannot take it below |dot|. Short of
// equality the quotient is at most 1 - 2^-51 before two roundings of 2^-53
// each, so it does not reach 1.
func cosine(dot, na, nb int32) float64 {
	if na == 0 || nb == 0 {
		return 0
	}
	return float64(dot) / math.Sqrt(float64(int64(na)*int64(nb)))
}

// dot returns the inner product of two rows of equal length. It takes eight
// codes at a time with four independent sums; written so, the compiler drops
// the bounds checks.
func dot(a, b []int8) int32 {
	var s0, s1, s2, s3 int32
	for len(a) >= 8 && len(b) >= 8 {
		s0 += int32(a[0])*int32(b[0]) + int32(a[4])*int32(b[4])
		s1 += int32(a[1])*int32(b[1]) + int32(a[5])*int32(b[5])
		s2 += int32(a[2])*int32(b[2]) + int32(a[6])*int32(b[6])
		s3 += int32(a[3])*int32(b[3]) + int32(a[7])*int32(b[7])
		a, b = a[8:], b[8:]
	}
	for i := 0; i < len(a) && i < len(b); i++ {
		s0 += int32(a[i]) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}
