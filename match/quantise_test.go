package match_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/idem-id/idem/match"
)

func quantise(t rapid.TB, v []float32) []int8 {
	t.Helper()
	x, err := match.Quantise(model, v)
	if err != nil {
		t.Fatalf("Quantise: %v", err)
	}
	if x.Model() != model {
		t.Fatalf("model %x", x.Model())
	}
	return x.Codes()
}

// TestQuantiserIsFrozen holds the quantiser to codes written down once: stored
// templates stay comparable only as long as it passes.
func TestQuantiserIsFrozen(t *testing.T) {
	got := quantise(t, []float32{0.5, -0.25, 0.125, 4, -1, 0, 0.01, -2})
	want := []int8{12, -6, 3, 96, -24, 0, 0, -48}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestQuantiseClipsEvenly(t *testing.T) {
	v := make([]float32, 512)
	v[3], v[4] = 1e30, -1e30
	codes := quantise(t, v)
	if codes[3] != 127 || codes[4] != -127 || codes[0] != 0 {
		t.Errorf("codes %d %d %d", codes[3], codes[4], codes[0])
	}
	v[3], v[4] = math.SmallestNonzeroFloat32, 0
	if codes = quantise(t, v); codes[3] != 127 {
		t.Errorf("a vector of the smallest number lost its direction: %d", codes[3])
	}
}

func TestQuantiseRefusesVectorsWithoutDirection(t *testing.T) {
	inf := float32(math.Inf(1))
	for name, v := range map[string][]float32{
		"nil": nil, "too long": make([]float32, match.MaxDim+1), "zero": make([]float32, 8),
		"not a number": {1, float32(math.NaN())}, "infinite": {inf, 1}, "minus infinite": {1, -inf},
	} {
		if x, err := match.Quantise(model, v); !errors.Is(err, match.ErrVector) || x.Dim() != 0 {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
}

func TestQuantiseTakesTheDirectionOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float32Range(-4, 4), 1, 600).Draw(t, "v")
		v[0] = 1 // a direction
		power := float32(math.Ldexp(1, rapid.IntRange(-20, 60).Draw(t, "power")))
		longer, opposite := slices.Clone(v), slices.Clone(v)
		for i := range v {
			v[i] = float32(int64(v[i]*1024)) / 1024 // the product with power is exact
			longer[i], opposite[i] = v[i]*power, -v[i]
		}
		codes := quantise(t, v)
		if !slices.Equal(quantise(t, longer), codes) {
			t.Fatal("the length of the vector changed the codes")
		}
		for i, c := range quantise(t, opposite) {
			if c != -codes[i] {
				t.Fatalf("code %d of the opposite vector is %d, want %d", i, c, -codes[i])
			}
		}
	})
}

// FuzzQuantise lets the bytes be the coordinates of two vectors.
func FuzzQuantise(f *testing.F) {
	for _, x := range awkward() {
		for _, y := range awkward() {
			f.Add(asBytes(x), asBytes(y))
		}
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		n := min(len(a), len(b)) / 4
		v, w := asVector(a[:4*n]), asVector(b[:4*n])
		x, errX := match.Quantise(model, v)
		y, errY := match.Quantise(model, w)
		for _, c := range []struct {
			v   []float32
			x   match.Template
			err error
		}{{v, x, errX}, {w, y, errY}} {
			if (c.err == nil) != hasDirection(c.v) || c.err != nil && !errors.Is(c.err, match.ErrVector) {
				t.Fatal(c.err)
			}
			if c.err == nil {
				checkCodes(t, c.v, c.x)
			}
		}
		if errX == nil && errY == nil {
			checkScore(t, v, w, x, y)
		}
	})
}

// awkward lists vectors of eight coordinates that strain a quantiser.
func awkward() [][]float32 {
	const tiny, huge = math.SmallestNonzeroFloat32, math.MaxFloat32
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	return [][]float32{
		{1, 0, 0, 0, 0, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 0, -1},
		{1, 1, 1, 1, 1, 1, 1, 1},
		{-3, -3, -3, -3, -3, -3, -3, -3},
		{tiny, -tiny, tiny, 0, 0, tiny, 0, 0},
		{huge, tiny, -huge, 1, 0, huge, -1, huge},
		{100, 1, -1, 1, -1, 1, -1, 1},
		{0.5, -0.25, 0.125, 4, -1, 0, 0.01, -2},
		{0, 0, 0, 0, 0, 0, 0, 0},
		{1, nan, 0, 0, 0, 0, 0, 0},
		{1, 0, -inf, inf, 0, 0, 0, 0},
		{},
	}
}

func asBytes(v []float32) (b []byte) {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func asVector(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

// hasDirection is when a vector has a template.
func hasDirection(v []float32) bool {
	sum := floatDot(v, v)
	return len(v) <= match.MaxDim && sum > 0 && sum <= math.MaxFloat64
}

func floatDot(v, w []float32) (sum float64) {
	for i := range v {
		sum += float64(v[i]) * float64(w[i])
	}
	return sum
}

// scaled returns the coordinates in units of codes, before rounding and clip.
func scaled(v []float32) []float64 {
	step := math.Sqrt(floatDot(v, v)) * match.ClipSigma / 127 / math.Sqrt(float64(len(v)))
	u := make([]float64, len(v))
	for i, x := range v {
		u[i] = float64(x) / step
	}
	return u
}

// checkCodes holds every code to half a step of its coordinate, or to the clip.
func checkCodes(t rapid.TB, v []float32, x match.Template) {
	codes := x.Codes()
	for i, u := range scaled(v) {
		if c := codes[i]; c == -128 || math.Abs(float64(c)-max(-127, min(127, u))) > 0.5+1e-9 {
			t.Fatalf("code %d is %d, want %g", i, c, u)
		}
	}
	if s := score(t, x, x); s != 1 {
		t.Fatalf("score with itself %v", s)
	}
	if again := quantise(t, v); !slices.Equal(again, codes) {
		t.Fatalf("%v, and once more %v", codes, again)
	}
	if y, err := match.Parse(x.Bytes()); err != nil || !slices.Equal(y.Codes(), codes) {
		t.Fatalf("does not parse: %v", err)
	}
}

// turn is how far the codes may point away from their vector: at most the angle
// whose sine is the length of the error over that of the vector. An error is
// half a step, or what the clip cut off.
func turn(v []float32) float64 {
	var errors, length float64
	for _, u := range scaled(v) {
		e := max(0.5, math.Abs(u)-127)
		errors, length = errors+e*e, length+u*u
	}
	return math.Asin(min(1, math.Sqrt(errors/length)))
}

// checkScore holds the score to the cosine of the vectors: between two cosines
// lies at most the difference of the angles. It returns how far apart they are.
func checkScore(t rapid.TB, v, w []float32, x, y match.Template) float64 {
	s := score(t, x, y)
	if math.Float64bits(s) != math.Float64bits(score(t, y, x)) {
		t.Fatal("the score is not symmetric")
	}
	cosine := floatDot(v, w) / math.Sqrt(floatDot(v, v)) / math.Sqrt(floatDot(w, w))
	distance := math.Abs(s - cosine)
	if bound := turn(v) + turn(w); distance > bound+1e-9 {
		t.Fatalf("score %v, cosine %v: further apart than %v", s, cosine, bound)
	}
	return distance
}

// TestTheScoreIsNearTheCosine also holds the error to 0.026 where nothing is
// clipped: half a step for each of d coordinates turns either vector by at most
// the angle whose sine is 3.25/254.
func TestTheScoreIsNearTheCosine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(1, 300).Draw(t, "dim")
		coordinate := rapid.OneOf(rapid.Float32Range(-1, 1), rapid.SampledFrom([]float32{0, 1, -1, 1e-30, 1e30, 50}))
		draw := func(name string) ([]float32, match.Template) {
			v := rapid.SliceOfN(coordinate, dim, dim).Draw(t, name)
			v[rapid.IntRange(0, dim-1).Draw(t, "at")] = 1 // a direction
			x, err := match.Quantise(model, v)
			if err != nil {
				t.Fatal(err)
			}
			checkCodes(t, v, x)
			return v, x
		}
		v, x := draw("v")
		w, y := draw("w")
		distance := checkScore(t, v, w, x, y)
		clipped := func(u float64) bool { return math.Abs(u) > 127.5 }
		if distance > 0.026 && !slices.ContainsFunc(append(scaled(v), scaled(w)...), clipped) {
			t.Fatalf("%v from the cosine", distance)
		}
	})
}
