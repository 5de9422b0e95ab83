package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"

	"github.com/idem-id/idem/match"
)

// course is how the times of one family grow with the gallery.
type course struct {
	name   string
	points []point
}

// point is one size of the gallery: CPU milliseconds on one thread.
type point struct {
	rows             int
	read, floor, top float64
}

// growth measures galleries of ten thousand rows to the given number, draws the
// plot and prints its numbers.
func growth(o options, out io.Writer) error {
	fmt.Fprintf(out, "\n## Time against rows, one thread, CPU ms\n\n%s\n%s\n",
		"| rows | dimensions | read | floor | x read | top 50 | x read | differences |", "|---|---|---|---|---|---|---|---|")
	var all []course
	for _, d := range []int{512, 128} {
		rows := o.plotRows
		if d == 128 && o.large {
			rows = max(rows, large)
		}
		c, err := o.course(decaying(d), rows, out)
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	f, err := os.Create(o.plot)
	if err != nil {
		return fmt.Errorf("create plot: %w", err)
	}
	return errors.Join(draw(f, all), f.Close())
}

// sizes are steps of about a half of a power of ten.
func sizes(most int) (all []int) {
	for n := 10_000; n <= most; n *= 10 {
		all = append(all, n)
		if 3*n <= most {
			all = append(all, 3*n)
		}
	}
	return all
}

// course lets one gallery grow.
func (o options) course(f family, most int, out io.Writer) (course, error) {
	galleries, err := newGalleries(len(f.spectrum), false)
	if err != nil {
		return course{}, err
	}
	data := dataset{people: newPopulation(most, f, o.seed), galleries: galleries, rows: rows{d: len(f.spectrum)}}
	if _, data.templates, err = quantised(data.people.probes(), data.rows.d); err != nil {
		return course{}, err
	}
	c := course{name: f.name}
	for _, n := range sizes(most) {
		if err := data.grow(n); err != nil {
			return c, err
		}
		p, err := o.point(data, out)
		if err != nil {
			return c, err
		}
		c.points = append(c.points, p)
	}
	return c, nil
}

// grow enrols up to n rows.
func (s *dataset) grow(n int) error {
	g := s.galleries[0]
	part := make([]float32, 10_000*s.rows.d)
	for at := g.Len(); at < n; at += 10_000 {
		some := part[:min(10_000, n-at)*s.rows.d]
		s.people.rows(at, some)
		_, templates, err := quantised(some, s.rows.d)
		if err != nil {
			return err
		}
		if err := enrol(g, at, templates); err != nil {
			return err
		}
	}
	return nil
}

// point measures the present size.
func (o options) point(data dataset, out io.Writer) (point, error) {
	g := data.galleries[0]
	right, err := audited(g, data.templates[:fewProbes])
	if err != nil {
		return point{}, err
	}
	words, err := hugePages(g.Len() * (data.rows.d/2 + 4))
	if err != nil {
		return point{}, err
	}
	defer func() { _ = freePages(words) }()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := planes{high: words}.section(1)
	differences, faults := 0, []error(nil)
	for _, r := range []request{above(data.people.floors[0], 1), top(most, 1)} {
		c, err := check(g, data.templates[:fewProbes], r, right)
		if err != nil {
			return point{}, err
		}
		one := search{r, g, c}
		differences, faults = differences+c.differences, append(faults, one.fault())
		s.match = append(s.match, one.variant(data, 1))
	}
	s.full = nil
	interleave(s.all(), o.rounds, o.budget/4)
	read, floor, top := s.best(s.high), s.match[0], s.match[1]
	fmt.Fprintf(out, "| %d | %d | %.3f | %.3f | %.2f | %.3f | %.2f | %d in %d probes |\n", g.Len(), data.rows.d, read.median(cpuOf),
		floor.median(cpuOf), floor.ratio(read, cpuOf), top.median(cpuOf), top.ratio(read, cpuOf), differences, 2*fewProbes)
	return point{g.Len(), read.median(cpuOf), floor.median(cpuOf), top.median(cpuOf)}, errors.Join(faults...)
}

// audited is the truth by the gallery's own exhaustive scan, which keeps no
// second copy of the rows.
func audited(g *match.Gallery, probes []match.Template) ([]truth, error) {
	right := make([]truth, len(probes))
	for i, p := range probes {
		found, err := g.Exhaustive(context.Background(), p, match.Request{K: most})
		if err != nil {
			return nil, err
		}
		right[i] = truth{best: found.Candidates, above: found.Candidates}
	}
	return right, nil
}

// extent is the range of powers of ten that the values lie in.
func extent(all []float64) (from, to float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range all {
		low, high = min(low, math.Log10(v)), max(high, math.Log10(v))
	}
	return math.Floor(low + 1e-9), math.Ceil(high - 1e-9)
}
