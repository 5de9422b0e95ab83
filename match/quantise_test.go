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

func FuzzQuantise(f *testing.F) {
	add := func(v ...float32) {
		var b []byte
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		f.Add(b)
	}
	add(1, 0, 0, 0)
	add(1, 1, 1, 1, 1, 1, 1, 1, 1)
	add(math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32)
	add(math.MaxFloat32, math.SmallestNonzeroFloat32, -math.MaxFloat32)
	add(float32(math.Inf(-1)), 1)
	f.Fuzz(func(t *testing.T, b []byte) {
		v := make([]float32, len(b)/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		x, err := match.Quantise(model, v)
		if err != nil {
			if !errors.Is(err, match.ErrVector) {
				t.Fatal(err)
			}
			return
		}
		checkCodes(t, v, x)
	})
}

// checkCodes holds every code to half a step of its coordinate, or to the clip.
func checkCodes(t *testing.T, v []float32, x match.Template) {
	var sum float64
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	step := match.ClipSigma / 127 / math.Sqrt(float64(len(v)))
	for i, c := range x.Codes() {
		want := float64(v[i]) / math.Sqrt(sum) / step
		want = max(-127, min(127, want))
		if c == -128 || math.Abs(float64(c)-want) > 0.5+1e-9 {
			t.Fatalf("code %d is %d, want %g", i, c, want)
		}
	}
	if s, err := match.Score(x, x); err != nil || s != 1 {
		t.Fatalf("score with itself %v, %v", s, err)
	}
	if y, err := match.Parse(x.Bytes()); err != nil || !slices.Equal(y.Codes(), x.Codes()) {
		t.Fatalf("does not parse: %v", err)
	}
}
