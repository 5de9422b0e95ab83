//go:build cgo

package onnx

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/models"
)

// started returns the models folder, IDEM_MODELS or the repository's cache,
// with the runtime started.
func started(t *testing.T) (string, models.Config) {
	t.Helper()
	dir := os.Getenv("IDEM_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", ".cache", "models")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := models.Default()
	if err := Start(dir, c.Runtime); err != nil {
		t.Fatalf("%v\nrun: make models", err)
	}
	return dir, c
}

func TestStartRefusesAnUnknownLibrary(t *testing.T) {
	for name, lib := range map[string]models.Net{
		"none for the processor": {},
		"not there":              {File: "none.so", SHA256: strings.Repeat("0", 64)},
	} {
		if err := Start(t.TempDir(), lib); idem.CodeOf(err) != "MODELS_INCOMPLETE" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestZeroingKeepsTheAnswer compares the recogniser of faces with and without
// its denormal weights.
func TestZeroingKeepsTheAnswer(t *testing.T) {
	dir, c := started(t)
	raw, err := models.Read(dir, c.Recogniser.File, c.Recogniser.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := zeroTiny(slices.Clone(raw)); err != nil || n < 100_000 {
		t.Fatalf("%d weights zeroed, %v", n, err)
	}
	clean, err := NewWeights(slices.Clone(raw))
	if err != nil {
		t.Fatal(err)
	}
	var out [2][]float32
	for i, w := range []Weights{clean, {raw, clean.inputs, clean.outputs}} {
		n, err := w.Open(1, 3, 112, 112)
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		r := rand.New(rand.NewPCG(1, 2))
		for j := range n.In {
			n.In[j] = r.Float32()*2 - 1
		}
		if err := n.Run(); err != nil {
			t.Fatal(err)
		}
		out[i] = n.Out[0]
	}
	if s := cosine(out[0], out[1]); s < 0.999999 {
		t.Errorf("cosine %v", s)
	}
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// TestSessionTakesAnyShape runs one session on two sizes and reads the shapes
// of its answers.
func TestSessionTakesAnyShape(t *testing.T) {
	dir, c := started(t)
	s, err := OpenSession(dir, c.Text.Detect)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, size := range [][2]int64{{64, 96}, {32, 160}} {
		out, shape, err := s.Run(make([]float32, 3*size[0]*size[1]), 1, 3, size[0], size[1])
		if err != nil || !slices.Equal(shape, []int64{1, 1, size[0], size[1]}) || int64(len(out)) != size[0]*size[1] {
			t.Errorf("%v: shape %v, %d values, %v", size, shape, len(out), err)
		}
	}
	if _, _, err := s.Run(make([]float32, 5), 1, 3, 64, 64); err == nil {
		t.Error("a tensor shorter than its shape was taken")
	}
	if _, err := OpenSession(t.TempDir(), c.Text.Detect); idem.CodeOf(err) != "MODELS_INCOMPLETE" {
		t.Errorf("missing file: %v", err)
	}
}
