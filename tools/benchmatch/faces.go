package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/idem-id/idem/internal/eval"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/match"
)

// faces shows what synthetic templates cannot: how many real ones a search must
// look at twice. Every template of the pictures is in the gallery and is a
// probe, so that it finds itself and its mates. Beside it stand as many
// synthetic templates, of the decaying and of the fitted family.
func faces(folders []string, seed uint64, out io.Writer) error {
	labelled, err := extract(folders)
	if err != nil {
		return err
	}
	if len(labelled) < 2 {
		return errors.New("fewer than two usable faces")
	}
	c := crowd{name: "real", rows: rows{d: labelled[0].Template.Dim()}}
	for _, one := range labelled {
		c.rows.codes = append(c.rows.codes, one.Template.Codes()...)
		c.templates = append(c.templates, one.Template)
		c.owner = append(c.owner, one.Identity)
	}
	fmt.Fprintf(out, "\n## %d real templates of %d dimensions\n\n", c.rows.len(), c.rows.d)
	describeSpectrum(eigenvalues(c.rows), out)
	return survivors(c, seed, out)
}

func extract(folders []string) ([]eval.Labelled, error) {
	engine := ort.Open(os.Getenv("IDEM_MODELS"), ort.Options{})
	defer func() { _ = engine.Close() }()
	if err := engine.Ready(); err != nil {
		return nil, err
	}
	var all []eval.Labelled
	for _, folder := range folders {
		some, err := eval.Templates(context.Background(), engine, folder, eval.Options{})
		if err != nil {
			return nil, err
		}
		for _, one := range some {
			one.Identity = filepath.Join(folder, one.Identity)
			all = append(all, one)
		}
	}
	return all, nil
}

// realFloors are where survivors are counted.
var realFloors = []float64{0.25, 0.30, 0.35, 0.40, 0.45, 0.56}

// describeSpectrum prints the shape of the cloud; it describes no person.
func describeSpectrum(variances []float64, out io.Writer) {
	sum, half, most := 0.0, 0, 0
	for i, v := range variances {
		if sum < 0.5 {
			half = i + 1
		}
		if sum < 0.999 {
			most = i + 1
		}
		sum += v
	}
	fmt.Fprintf(out, "Spectrum: %d directions have half of the variance, %d have 99.9 %%. In hundred-thousandths:\n\n   ", half, most)
	for _, v := range variances[:most] {
		fmt.Fprintf(out, " %.0f", 1e5*v)
	}
	fmt.Fprintln(out)
}

// A crowd is a small gallery whose rows all look for each other.
type crowd struct {
	name      string
	rows      rows
	templates []match.Template
	owner     []string
}

func newCrowd(name string, n int, f family, seed uint64) (c crowd, err error) {
	c.name = name
	d, people := len(f.spectrum), newPopulation(n, f, seed)
	vectors := make([]float32, n*d)
	people.rows(0, vectors)
	for _, id := range people.owner {
		c.owner = append(c.owner, strconv.Itoa(int(id)))
	}
	c.rows, c.templates, err = quantised(vectors, d)
	return c, err
}

// survivors prints the work on real and on as many synthetic templates.
func survivors(real crowd, seed uint64, out io.Writer) error {
	crowds, n := []crowd{real}, real.rows.len()
	if real.rows.d == len(fitted().spectrum) {
		a, err := newCrowd("decaying", n, decaying(real.rows.d), seed)
		if err != nil {
			return err
		}
		b, err := newCrowd("fitted", n, fitted(), seed)
		if err != nil {
			return err
		}
		crowds = append(crowds, a, b)
	}
	fmt.Fprint(out, "\n| impostor scores | pairs | mean | std |")
	for _, floor := range realFloors {
		fmt.Fprintf(out, " reach %.2f |", floor)
	}
	fmt.Fprintln(out, "\n|---|---|---|---|"+strings.Repeat("---|", len(realFloors)))
	for _, c := range crowds {
		c.describe(out)
	}
	fmt.Fprint(out, "\nIn per cent of the gallery's rows and blocks, for one probe:\n\n",
		"| request | templates | candidates | survivors | blocks | exact | differences |\n|---|---|---|---|---|---|---|\n")
	var faults []error
	for _, c := range crowds {
		faults = append(faults, c.survivors(out))
	}
	return errors.Join(faults...)
}

// describe prints the statistics of the pairs of different people.
func (c crowd) describe(out io.Writer) {
	var n, sum, squares float64
	reach := make([]float64, len(realFloors))
	for i := range c.owner {
		for j := range i {
			if c.owner[i] == c.owner[j] {
				continue
			}
			a, b := c.rows.row(i), c.rows.row(j)
			s := score(product(a, b), product(a, a), product(b, b))
			n, sum, squares = n+1, sum+s, squares+s*s
			for k, floor := range realFloors {
				if s >= floor {
					reach[k]++
				}
			}
		}
	}
	fmt.Fprintf(out, "| %s | %.0f | %.4f | %.4f |", c.name, n, sum/n, math.Sqrt(squares/n-sum/n*sum/n))
	for _, r := range reach {
		fmt.Fprintf(out, " %.1e |", r/n)
	}
	fmt.Fprintln(out)
}

func (c crowd) survivors(out io.Writer) error {
	g, err := match.NewGallery(c.templates[0].Model(), c.rows.d)
	if err != nil {
		return err
	}
	if err := enrol(g, 0, c.templates); err != nil {
		return err
	}
	right := exhaustive(c.rows, c.rows, slices.Min(realFloors))
	var faults []error
	for _, q := range singles(realFloors...) {
		q.k = min(q.k, c.rows.len())
		found, err := check(g, c.templates, q, right)
		if err != nil {
			return err
		}
		faults = append(faults, search{q, g, found}.fault())
		per := func(count int) float64 { return found.perMillion(count) / 1e4 }
		blocks := per(found.work.Blocks) * float64(c.rows.len()) / float64((c.rows.len()+blockRows-1)/blockRows)
		fmt.Fprintf(out, "| %s | %s | %.3g | %.3g | %.3g | %.3g | %d in %d |\n", q.name, c.name, per(found.candidates),
			per(found.work.Survivors), blocks, per(found.work.Exact), found.differences, found.candidates)
	}
	return errors.Join(faults...)
}

// blockRows is how many rows match reads at a time.
const blockRows = 16
