package gallerytest

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"

	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/match"
)

// Model is the model of the synthetic templates.
var Model = gallery.Model{ID: "synthetic-128", Short: 0x1de3, Dim: 128}

// Faces makes synthetic faces. Vectors of different faces are independent, so
// that at 128 dimensions their cosine stays below 0.5 in all practice.
type Faces struct{ rng *rand.Rand }

// NewFaces returns a repeatable source of faces.
func NewFaces(seed uint64) *Faces { return &Faces{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

// Face returns a new face as a unit vector.
func (f *Faces) Face() []float32 {
	v := make([]float32, Model.Dim)
	for i := range v {
		v[i] = float32(f.rng.NormFloat64())
	}
	return unit(v)
}

// Mate returns another picture of a face, at about the given cosine to it.
func (f *Faces) Mate(face []float32, cosine float64) []float32 {
	noise := f.Face()
	along := dot(noise, face)
	for i := range noise {
		noise[i] -= float32(along) * face[i]
	}
	noise = unit(noise)
	out := make([]float32, len(face))
	for i := range out {
		out[i] = float32(cosine)*face[i] + float32(math.Sqrt(1-cosine*cosine))*noise[i]
	}
	return out
}

// Template quantises a vector. It panics on a vector that this package did not
// make.
func Template(v []float32) match.Template {
	t, err := match.Quantise(Model.Short, v)
	if err != nil {
		panic(err)
	}
	return t
}

// Step returns the template with one code changed by delta, cut to -127..127.
func Step(t match.Template, i, delta int) match.Template {
	raw := t.Bytes()
	header := len(raw) - t.Dim()
	raw[header+i] = byte(int8(max(-127, min(127, int(int8(raw[header+i]))+delta))))
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Checksum(raw[:header-4], table), table, raw[header:])
	binary.LittleEndian.PutUint32(raw[header-4:], sum)
	out, err := match.Parse(raw)
	if err != nil {
		panic(err)
	}
	return out
}

func unit(v []float32) []float32 {
	length := math.Sqrt(dot(v, v))
	for i := range v {
		v[i] = float32(float64(v[i]) / length)
	}
	return v
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
