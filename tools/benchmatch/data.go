package main

import (
	"math"
	"math/rand/v2"
	"sync"
)

// probeCount probes are asked about; every second one has mates in the gallery.
const probeCount = 256

// population makes unit vectors of d coordinates, d a power of two, as a
// recogniser's look: a Gaussian whose spectrum decays, rotated so that all
// coordinates are alike. Every vector depends on the seed and its place alone, so
// rows may be made in any order and by any number of threads.
type population struct {
	d    int
	seed uint64
	family
	centres [][]float64 // of the groups, unit length
	signs   [2][]float64
	owner   []int32 // identity of each row
	first   []int32 // first row of each identity, and the end
}

// newPopulation lays out n rows: 1, 2 or 3 for an identity with odds 6:3:1, so
// there are n x 2/3 identities.
func newPopulation(n int, f family, seed uint64) *population {
	d := len(f.spectrum)
	p := &population{d: d, seed: seed, family: f}
	r := p.rand(math.MaxUint64)
	for i := range p.signs {
		p.signs[i] = make([]float64, d)
		for j := range p.signs[i] {
			p.signs[i][j] = float64(2*r.IntN(2)-1) / math.Sqrt(float64(d))
		}
	}
	for range f.groups {
		c := make([]float64, d)
		p.gaussian(r, c)
		p.centres = append(p.centres, c)
	}
	for len(p.owner) < n {
		p.first = append(p.first, int32(len(p.owner)))
		for range min(templates(r.IntN(10)), n-len(p.owner)) {
			p.owner = append(p.owner, int32(len(p.first)-1))
		}
	}
	p.first = append(p.first, int32(n))
	return p
}

func templates(die int) int {
	switch {
	case die < 6:
		return 1
	case die < 9:
		return 2
	}
	return 3
}

func (p *population) rand(stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(p.seed, stream))
}

// gaussian fills v with a unit vector of the spectrum.
func (p *population) gaussian(r *rand.Rand, v []float64) {
	for i, s := range p.spectrum {
		v[i] = s * r.NormFloat64()
	}
	normalise(v)
}

func normalise(v []float64) {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	scale := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] *= scale
	}
}

// identity fills v with the vector that an identity's samples scatter around.
func (p *population) identity(id uint64, v []float64) {
	r := p.rand(id << 1)
	centre := p.centres[r.IntN(p.groups)]
	p.gaussian(r, v)
	for i := range v {
		v[i] = math.Sqrt(p.share)*centre[i] + math.Sqrt(1-p.share)*v[i]
	}
	normalise(v)
}

// sample writes one sample of an identity. Samples keep c of the identity's
// direction, and so two of them score about sqrt(c1 c2): 0.57 to 0.87 with a
// median of 0.76.
func (p *population) sample(id, place uint64, out []float32, v, noise []float64) {
	p.identity(id, v)
	r := p.rand(place<<1 | 1)
	c := 0.57 + 0.30*math.Pow(r.Float64(), 0.66)
	p.gaussian(r, noise)
	for i := range v {
		v[i] = math.Sqrt(c)*v[i] + math.Sqrt(1-c)*noise[i]
	}
	normalise(v)
	for _, signs := range p.signs {
		rotate(v, signs)
	}
	for i, x := range v {
		out[i] = float32(x)
	}
}

// rotate flips signs, which carry the factor that keeps the length, and applies
// the Hadamard transform: orthogonal, and d log d.
func rotate(v, signs []float64) {
	for i, s := range signs {
		v[i] *= s
	}
	for half := 1; half < len(v); half *= 2 {
		for base := 0; base < len(v); base += 2 * half {
			a, b := v[base:][:half], v[base+half:][:half]
			for i, x := range a {
				a[i], b[i] = x+b[i], x-b[i]
			}
		}
	}
}

// rows fills out with the rows from the given one on.
func (p *population) rows(from int, out []float32) {
	p.fill(len(out)/p.d, out, func(i int) (id, place uint64) {
		return uint64(p.owner[from+i]), uint64(from + i)
	})
}

// probes returns the probes: samples of enrolled identities where even, of
// strangers where odd.
func (p *population) probes() []float32 {
	out := make([]float32, probeCount*p.d)
	p.fill(probeCount, out, func(i int) (id, place uint64) {
		place = uint64(len(p.owner) + i)
		if i%2 == 0 {
			return uint64(p.mate(i)), place
		}
		return uint64(len(p.first) + i), place
	})
	return out
}

// mate is the enrolled identity of an even probe.
func (p *population) mate(probe int) int {
	return probe * (len(p.first) - 1) / probeCount
}

// fill makes count samples on two threads.
func (p *population) fill(count int, out []float32, which func(i int) (id, place uint64)) {
	const workers = 2
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			v, noise := make([]float64, p.d), make([]float64, p.d)
			for i := w; i < count; i += workers {
				id, place := which(i)
				p.sample(id, place, out[i*p.d:][:p.d], v, noise)
			}
		})
	}
	wait.Wait()
}
