package match_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/idem-id/idem/match"
)

func score(t rapid.TB, a, b match.Template) float64 {
	t.Helper()
	s, err := match.Score(a, b)
	if err != nil {
		t.Fatalf("Score: %v", err)
	}
	return s
}

// parse is fromCodes for a property test.
func parse(t *rapid.T, codes []int8) match.Template {
	x, err := match.Parse(encode(model, codes))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// drawPair often draws vectors that are nearly or exactly parallel: that is
// where a score could leave its range.
func drawPair(t *rapid.T) (a, b []int8) {
	dim := rapid.OneOf(rapid.IntRange(1, 40), rapid.SampledFrom([]int{128, 256, 512, match.MaxDim})).Draw(t, "dim")
	a = codesOf(dim).Draw(t, "a")
	if rapid.Bool().Draw(t, "independent") {
		return a, codesOf(dim).Draw(t, "b")
	}
	b = slices.Clone(a)
	at := rapid.IntRange(0, dim-1).Draw(t, "at")
	b[at] = rapid.Int8Range(-127, 127).Draw(t, "to")
	return a, b
}

func TestScoreIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPair(t)
		x, y := parse(t, a), parse(t, b)
		got := score(t, x, y)
		if math.Float64bits(got) != math.Float64bits(naiveScore(a, b)) {
			t.Fatalf("%v, the definition gives %v", got, naiveScore(a, b))
		}
		if math.Float64bits(got) != math.Float64bits(score(t, y, x)) {
			t.Fatal("not symmetric")
		}
		dot, na, nb := sums(a, b)
		parallel := dot > 0 && dot*dot == na*nb
		if math.Abs(got) > 1 || (got == 1) != parallel {
			t.Fatalf("score %v, parallel %v", got, parallel)
		}
		checkAccuracy(t, got, dot, na, nb)
	})
}

// checkAccuracy holds the score to the true cosine within one unit in the last
// place and a half: a root and a quotient of exact numbers round twice.
func checkAccuracy(t *rapid.T, got float64, dot, na, nb int64) {
	if na == 0 || nb == 0 {
		return
	}
	wide := func(n int64) *big.Float { return new(big.Float).SetPrec(200).SetInt64(n) }
	root := new(big.Float).SetPrec(200).Sqrt(wide(na * nb))
	truth := new(big.Float).SetPrec(200).Quo(wide(dot), root)
	diff, _ := new(big.Float).Sub(truth, wide(0).SetFloat64(got)).Float64()
	if math.Abs(diff) > 3*math.Abs(got)*0x1p-53 {
		t.Fatalf("off by %g", diff)
	}
}

// TestScoreIsFrozen holds the score to bits written down once, with the largest
// sums that there can be.
func TestScoreIsFrozen(t *testing.T) {
	full := slices.Repeat([]int8{127}, match.MaxDim)
	almost := slices.Clone(full)
	almost[7] = 126
	for _, c := range []struct {
		a, b []int8
		bits uint64
	}{
		{full, full, 0x3ff0000000000000},
		{full, almost, 0x3feffffff7e09ef5},
		{[]int8{1, 2, 3}, []int8{-3, 5, 9}, 0x3feb1d8a9de2a553},
		{[]int8{1, 2, 3}, []int8{-1, -2, -3}, 0xbff0000000000000},
		{[]int8{0, 0, 0}, []int8{-1, -2, -3}, 0},
		{[]int8{1, -1}, []int8{1, 1}, 0},
	} {
		if got := math.Float64bits(score(t, fromCodes(t, c.a), fromCodes(t, c.b))); got != c.bits {
			t.Errorf("%#x, want %#x", got, c.bits)
		}
	}
}

func TestScoreRefusesOtherModels(t *testing.T) {
	x := fromCodes(t, []int8{1, 2})
	other, err := match.Parse(encode(model+1, []int8{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	for _, y := range []match.Template{other, fromCodes(t, []int8{1, 2, 3})} {
		if _, err := match.Score(x, y); !errors.Is(err, match.ErrModel) {
			t.Errorf("Score: %v", err)
		}
	}
}
