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

// synthetic measures one number of dimensions and checks match's answers.
func synthetic(o options, d int, out io.Writer) error {
	folder, err := os.MkdirTemp("", "idem-benchmatch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	data, err := newDataset(folder, o.n, d, o.seed)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n## %d x %d, %d probes\n", o.n, d, probeCount)
	floor := floorOf(d)
	right := exhaustive(data.rows, data.probes, floor)
	describe(data, right, floor, out)
	if err := compare(data.gallery, data.templates, right, requests(floor), out); err != nil {
		return err
	}
	return measure(o, data, out)
}

// describe prints the statistics of the data, so that figures of other data can
// be held against them.
func describe(data dataset, right []truth, floor float64, out io.Writer) {
	var n, sum, squares, above float64
	for p := 1; p < probeCount; p += 2 { // probes without a mate
		n += float64(data.rows.len())
		sum += right[p].sum
		squares += right[p].sumSq
		above += float64(len(right[p].above))
	}
	mean := sum / n
	mates := data.mates()
	slices.Sort(mates)
	fmt.Fprintf(out, "impostor scores: mean %.4f, std %.4f (made for %.4f), %.1e reach %.2f; mates %.2f..%.2f, median %.2f\n",
		mean, math.Sqrt(squares/n-mean*mean), impostorStd(data.rows.d), above/n, floor,
		mates[len(mates)/100], mates[len(mates)*99/100], median(mates))
}

// measure prints the tables: one thread, then several.
func measure(o options, data dataset, out io.Writer) error {
	peers, stop := startPeers(o.cache, data)
	defer stop()
	planes, err := newPlanes(data.rows)
	if err != nil {
		return err
	}
	defer planes.free()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var before *section
	for _, threads := range slices.Compact([]int{1, o.threads}) {
		s := planes.section(threads)
		s.match, s.baseline = matchVariants(data, threads), before
		for _, p := range peers {
			s.peers = append(s.peers, p.variants(threads)...)
		}
		runtime.GOMAXPROCS(threads)
		interleave(s.all(), o.rounds)
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
	for _, v := range append(append(s.match, s.high...), s.full...) {
		if v.missing != "" {
			all = append(all, fmt.Errorf("%s: %s", v.name, v.missing))
		}
	}
	return errors.Join(all...)
}

// planes are the memory that is read for reference: one of half a byte and one
// of a byte for each coordinate.
type planes struct{ high, full []uint64 }

func newPlanes(r rows) (planes, error) {
	high, err := hugePages(len(r.codes) / 2)
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
		s.high = append(s.high, reading("read of d/2 bytes a row", r, p.high, threads))
		s.full = append(s.full, reading("read of d bytes a row", r, p.full, threads))
	}
	return s
}

// reading reads the whole plane on each thread, as concurrent searches do.
func reading(name string, r reader, words []uint64, threads int) *variant {
	return &variant{name: name, note: r.name, turn: func(first, calls int) (sample, error) {
		sums := make([]uint64, probeCount)
		return timed(threads, first, calls, func(probe int) error {
			sums[probe] += r.read(words)
			return nil
		})
	}}
}
