package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
)

// synthetic measures one family and checks match's answers.
func synthetic(o options, f family, out io.Writer) error {
	data, remove, err := o.dataset(f)
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintf(out, "\n## %d rows of %s, %d probes\n\n", o.n, f.name, probeCount)
	right := exhaustive(data.rows, data.probes, slices.Min(f.floors))
	describe(data, right, out)
	all, err := searches(data, right)
	if err != nil {
		return err
	}
	var faults []error
	for _, s := range all {
		faults = append(faults, s.fault())
	}
	return errors.Join(append(faults, measure(o, data, all, out))...)
}

// dataset makes the synthetic rows. With peers they are written to a folder
// that remove deletes.
func (o options) dataset(f family) (data dataset, remove func(), err error) {
	galleries, err := newGalleries(len(f.spectrum), o.peers)
	if err != nil {
		return dataset{}, nil, err
	}
	folder := ""
	if o.peers {
		if folder, err = os.MkdirTemp(o.work, "rows-"); err != nil {
			return dataset{}, nil, err
		}
	}
	remove = func() { _ = os.RemoveAll(folder) }
	if data, err = newDataset(folder, newPopulation(o.n, f, o.seed), galleries); err != nil {
		remove()
	}
	return data, remove, err
}

// describe prints the statistics of the data, so that figures of other data can
// be held against them.
func describe(data dataset, right []truth, out io.Writer) {
	floor := data.people.floors[0]
	var n, sum, squares, above float64
	for p := 1; p < probeCount; p += 2 { // probes without a mate
		n += float64(data.rows.len())
		sum += right[p].sum
		squares += right[p].sumSq
		above += float64(len(right[p].wants(request{k: math.MaxInt, floored: true, floor: floor})))
	}
	mean := sum / n
	mates := data.mates()
	slices.Sort(mates)
	fmt.Fprintf(out, "Impostor scores: mean %.4f, std %.4f (made for %.4f), %.1e reach %.2f; mates %.2f to %.2f, median %.2f.\n",
		mean, math.Sqrt(squares/n-mean*mean), cosineStd(data.people.spectrum), above/n, floor,
		mates[len(mates)/100], mates[len(mates)*99/100], median(mates))
}

// measure prints the tables: one thread, then several.
func measure(o options, data dataset, all []search, out io.Writer) error {
	var peers []*contestant
	if o.peers {
		var stop func()
		peers, stop = startPeers(o.cache, data)
		defer stop()
	}
	planes, err := newPlanes(data.rows)
	if err != nil {
		return err
	}
	defer planes.free()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var before *section
	for _, threads := range slices.Compact([]int{1, o.threads}) {
		s := planes.section(threads)
		s.baseline = before
		for _, one := range all {
			s.match = append(s.match, one.variants(data, threads)...)
		}
		for _, p := range peers {
			s.peers = append(s.peers, p.variants(threads)...)
		}
		runtime.GOMAXPROCS(threads)
		interleave(s.all(), o.rounds, o.budget)
		if err := s.print(out); err != nil {
			return err
		}
		before = s
	}
	return before.failed()
}

// failed reports lines of our own that have no figure.
func (s *section) failed() error {
	var all []error
	for _, v := range slices.Concat(s.match, s.high, s.full) {
		if v.missing != "" {
			all = append(all, fmt.Errorf("%s: %s", v.name, v.missing))
		}
	}
	return errors.Join(all...)
}

// planes are the memory that is read for reference: what a search reads of
// every row, half a byte for each coordinate and four bytes, and a byte for each.
type planes struct{ high, full []uint64 }

func newPlanes(r rows) (planes, error) {
	high, err := hugePages(r.len() * (r.d/2 + 4))
	if err != nil {
		return planes{}, err
	}
	full, err := hugePages(len(r.codes))
	return planes{high, full}, err
}

func (p planes) free() {
	_ = freePages(p.high)
	_ = freePages(p.full)
}

func (p planes) section(threads int) *section {
	s := &section{threads: threads, bytes: [2]int{len(p.high) * 8, len(p.full) * 8}}
	for _, r := range readers() {
		s.high = append(s.high, reading("read of d/2 + 4 bytes a row", r, p.high, threads))
		s.full = append(s.full, reading("read of d bytes a row", r, p.full, threads))
	}
	return s
}

// reading reads the whole plane on each thread, as concurrent searches do.
func reading(name string, r reader, words []uint64, threads int) *variant {
	return &variant{name: name, base: name, note: r.name, turn: func(first, calls int) (sample, error) {
		sums := make([]uint64, probeCount)
		return timed(threads, first, calls, func(probe int) error {
			sums[probe] += r.read(words)
			return nil
		})
	}}
}
