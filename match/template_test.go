package match_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/idem-id/idem/match"
)

// TestFormatIsFrozen holds version 1 to bytes written down once.
func TestFormatIsFrozen(t *testing.T) {
	golden := []byte{'I', 'T', 1, 0, 0x12, 0x34, 0x56, 0x78, 3, 0, 0, 0, 0x1a, 0x18, 0xd0, 0xb9, 0x7f, 0x00, 0x81}
	x, err := match.Parse(golden)
	if err != nil {
		t.Fatal(err)
	}
	if x.Model() != 0x78563412 || x.Dim() != 3 || !slices.Equal(x.Codes(), []int8{127, 0, -127}) {
		t.Fatalf("read %v %v", x, x.Codes())
	}
	if !bytes.Equal(x.Bytes(), golden) {
		t.Fatalf("wrote % x", x.Bytes())
	}
}

func TestParseRefusesWhatIsNotATemplate(t *testing.T) {
	good := encode(model, []int8{1, 2, 3})
	change := func(at int, to byte) []byte {
		b := slices.Clone(good)
		b[at] = to
		return sealed(b)
	}
	none, tooMany := encode(model, nil), encode(model, make([]int8, match.MaxDim+1))
	cases := map[string][]byte{
		"nothing": nil, "short header": good[:15], "header only": good[:16],
		"magic": change(0, 'J'), "version 0": change(2, 0), "version 2": change(2, 2),
		"reserved 3": change(3, 1), "reserved 10": change(10, 1), "reserved 11": change(11, 1),
		"more dimensions than bytes": change(8, 4), "fewer": change(8, 2),
		"no dimension": none, "too many dimensions": tooMany,
		"trailing byte": sealed(append(slices.Clone(good), 0)), "code -128": change(17, 0x80),
	}
	for name, b := range cases {
		x, err := match.Parse(b)
		if !errors.Is(err, match.ErrFormat) || x.Dim() != 0 {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
}

func TestParseFindsEveryFlippedBit(t *testing.T) {
	good := encode(model, []int8{5, -7, 0, 127, -127, 1, 1, 1, 90})
	for bit := range len(good) * 8 {
		b := slices.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := match.Parse(b); !errors.Is(err, match.ErrFormat) {
			t.Errorf("bit %d: %v", bit, err)
		}
	}
}

func codesOf(dim int) *rapid.Generator[[]int8] {
	return rapid.SliceOfN(rapid.Int8Range(-127, 127), dim, dim)
}

func TestTemplateRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codes := codesOf(rapid.IntRange(1, match.MaxDim).Draw(t, "dim")).Draw(t, "codes")
		model := rapid.Uint32().Draw(t, "model")
		wire := encode(model, codes)
		x, err := match.Parse(wire)
		if err != nil {
			t.Fatal(err)
		}
		if x.Model() != model || !slices.Equal(x.Codes(), codes) || !bytes.Equal(x.Bytes(), wire) {
			t.Fatal("the template did not come back")
		}
	})
}

func TestTemplateIsImmutable(t *testing.T) {
	wire := encode(model, []int8{1, 2, 3})
	x, err := match.Parse(slices.Clone(wire))
	if err != nil {
		t.Fatal(err)
	}
	clear(x.Bytes())
	clear(x.Codes())
	source := slices.Clone(wire)
	y, err := match.Parse(source)
	clear(source)
	if err != nil || !bytes.Equal(x.Bytes(), wire) || !bytes.Equal(y.Bytes(), wire) {
		t.Fatal("a template shares memory with its caller")
	}
}

// TestTemplateNeverPrintsCodes looks for the code -113, in any base, in every
// rendering, also of a struct that hides the template from its methods.
func TestTemplateNeverPrintsCodes(t *testing.T) {
	x := fromCodes(t, []int8{-113, -113, -113})
	hidden := struct{ t match.Template }{x}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%o"} {
		fmt.Fprintf(&out, verb+"\n", x)
		fmt.Fprintf(&out, verb+"\n", &x)
		fmt.Fprintf(&out, verb+"\n", []match.Template{x})
	}
	fmt.Fprintf(&out, "%v %+v\n", struct{ T match.Template }{x}, map[int]match.Template{1: x})
	slog.New(slog.NewTextHandler(&out, nil)).Info("enrolled", "template", x, "hidden", hidden)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("enrolled", "template", x, "hidden", hidden)
	for _, secret := range []string{"-113", "-71", "-161", "8f8f8f", "8F8F8F"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q appears in\n%s", secret, out.String())
		}
	}
	if want := "template(3 dimensions, model 12345678)"; x.String() != want || fmt.Sprintf("%d", x) != want {
		t.Errorf("got %v, want %s", x, want)
	}
	if bare := fmt.Sprintf("%v %d", hidden, hidden); strings.Contains(bare, "-113") {
		t.Errorf("hidden field prints %s", bare)
	}
}

func TestZeroTemplateIsRefused(t *testing.T) {
	var zero match.Template
	if zero.Dim() != 0 || zero.Model() != 0 || zero.Codes() != nil || zero.Bytes() != nil || zero.String() != "template(none)" {
		t.Errorf("the zero template is %v", zero)
	}
	x := fromCodes(t, []int8{1})
	for _, pair := range [][2]match.Template{{zero, zero}, {x, zero}, {zero, x}} {
		if _, err := match.Score(pair[0], pair[1]); !errors.Is(err, match.ErrModel) {
			t.Errorf("Score: %v", err)
		}
	}
	g := newGallery(t, 1)
	_, err := g.Search(t.Context(), zero, match.Request{})
	if !errors.Is(err, match.ErrModel) || !errors.Is(g.Add(1, zero), match.ErrModel) {
		t.Error("the gallery took the zero template")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(encode(model, []int8{1, -2, 3}))
	f.Add(encode(0, make([]int8, match.MaxDim)))
	f.Add([]byte("IT\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkParse(t, b)
		if len(b) >= 16 {
			checkParse(t, sealed(slices.Clone(b))) // get past the checksum
		}
	})
}

func checkParse(t *testing.T, b []byte) {
	x, err := match.Parse(b)
	if err != nil {
		if !errors.Is(err, match.ErrFormat) || x.Dim() != 0 {
			t.Fatalf("%v, %v", x, err)
		}
		return
	}
	if !bytes.Equal(x.Bytes(), b) || x.Dim() != len(b)-16 || slices.Contains(x.Codes(), math.MinInt8) {
		t.Fatalf("%v does not say what was read", x)
	}
}
