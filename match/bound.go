package match

import (
	"encoding/binary"
	"math"
)

// query is a probe made ready for the kernels.
type query struct {
	codes []int8 // padded with zeros to whole lines
	// halves are the codes as the low plane has its own: for each line of 64
	// bytes those of the low halves, then those of the high halves. They are
	// padded with zeros, so that what a line has beyond its row counts nothing.
	halves []int8
	sum    int32   // of the codes
	norm   int32   // of the squared codes
	root   float64 // of norm
}

func newQuery(t *body) *query {
	q := &query{codes: make([]int8, 8*linesOf(len(t.codes))), norm: t.norm, root: math.Sqrt(float64(t.norm))}
	copy(q.codes, t.codes)
	q.halves = make([]int8, 2*roundUp(len(q.codes)/2, lineBytes))
	for i, c := range q.codes {
		q.sum += int32(c)
		at := i/8*wordBytes + i%wordBytes
		q.halves[at/lineBytes*2*lineBytes+i%8/wordBytes*lineBytes+at%lineBytes] = c
	}
	return q
}

// score joins the sums of the two passes. The stored high nibbles are H + 8.
func (q *query) score(high, low, norm int32) float64 {
	return cosine(16*(high-8*q.sum)+low, q.norm, norm)
}

// bound decides from the high nibbles alone whether a row may reach a score.
//
// A code is 16 H + L with L in 0..15, so by Cauchy-Schwarz
//
//	dot(q, c) = 16 dot(q, H) + 7.5 sum(q) + dot(q, L - 7.5)
//	         <= 16 dot(q, H) + 7.5 sum(q) + |q| |L - 7.5|.
//
// A row is dismissed only when that is below tau |q| |c|. With the stored
// u = H + 8, n = floor(8 |c|) and r = ceil(128 |L - 7.5|) it is kept when
//
//	dot(q, u) >= a n - b r + c,  a = tau |q| / 128,  b = |q| / 2048,
//	                             c = (8 - 7.5/16) sum(q) - slack.
//
// dot(q, u) is below 2^24 and exact in float32. The right side has seven
// roundings, each within 2^-24 of at most the sum of its terms' magnitudes; the
// slack is sixteen times 2^-24 of it, which covers the rounding of the score too.
type bound struct{ a, b, c float32 }

const (
	normUnits      = 8
	residueUnits   = 128
	largestNorm    = 45981 // > 8 * 127 sqrt(MaxDim)
	largestResidue = 43445 // > 128 * 7.5 sqrt(MaxDim)
)

// boundFor returns the bound of rows that score at least tau. Nothing is
// dismissed for a tau of zero or less: there n would have to be rounded up.
func (q *query) boundFor(tau float64) bound {
	if tau <= 0 {
		return bound{c: -math.MaxFloat32}
	}
	tau = min(tau, 2) // no score is above 1
	a, b := tau*q.root/(16*normUnits), q.root/(16*residueUnits)
	c := (8 - 7.5/16) * float64(q.sum)
	slack := 0x1p-20 * (a*largestNorm + b*largestResidue + math.Abs(c) + 1)
	return bound{a: float32(a), b: float32(b), c: float32(c - slack)}
}

// reached returns the mask of the rows of a block that reach the bound. The
// conversions forbid fused operations: every kernel rounds alike.
func (b *bound) reached(block []byte, sums *[blockRows]int32) (mask uint16) {
	for r, sum := range sums {
		n := float32(binary.LittleEndian.Uint16(block[2*r:]))
		e := float32(binary.LittleEndian.Uint16(block[2*(blockRows+r):]))
		an, be := float32(b.a*n), float32(b.b*e)
		if float32(sum) >= float32(float32(an-be)+b.c) {
			mask |= 1 << r
		}
	}
	return mask
}
