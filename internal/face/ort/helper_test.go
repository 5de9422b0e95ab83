//go:build cgo

package ort

import (
	"context"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/picture"
)

// modelsDir is IDEM_MODELS or the repository's cache.
func modelsDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("IDEM_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", ".cache", "models")
	}
	if err := models.Verify(context.Background(), dir); err != nil {
		t.Fatalf("%v\nrun: make models", err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func openEngine(t testing.TB, workers int) *Engine {
	t.Helper()
	e := Open(modelsDir(t), Options{Workers: workers})
	if err := e.Ready(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func sampleBytes(t testing.TB, n int) []byte {
	t.Helper()
	data, err := os.ReadFile(models.Files(modelsDir(t), models.Sample)[n-1])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decodeForTest(ctx context.Context, data []byte) (image.Image, error) {
	p, err := picture.Decode(ctx, data, picture.DefaultLimits())
	return p.Image, err
}

func sampleImage(t testing.TB, n int) image.Image {
	t.Helper()
	img, err := decodeForTest(context.Background(), sampleBytes(t, n))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func mustAnalyse(t testing.TB, e *Engine, img image.Image, want face.Want) face.Analysis {
	t.Helper()
	a, err := e.Analyse(context.Background(), img, want)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
