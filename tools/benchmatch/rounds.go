package main

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// sample is what answering one probe took, on average over one turn of a
// variant.
type sample struct {
	cpu     time.Duration // of the threads that were given the work
	process time.Duration // of the whole process: more, if others helped
	wall    time.Duration // of the turn over its probes: falls with threads
}

// variant is one line of the table while it is measured. A turn answers calls
// times as many probes as there are threads, beginning with the given one.
type variant struct {
	name    string
	note    string
	base    string // name of the line that the speed-up is taken of
	missing string // why there is no figure
	checked *checked
	turn    func(first, calls int) (sample, error)
	calls   int
	samples []sample
}

// turnTime is how long a turn should take: long enough for the clocks and short
// enough that all variants see the same weather.
const turnTime = 150 * time.Millisecond

// fewRounds have a median.
const fewRounds = 3

// interleave warms every variant up, which also finds how many calls fill a
// turn, and then lets all of them take turns for the given number of rounds, or
// fewer when they take longer than the budget, but fewRounds at least. A variant
// that fails is missing from then on.
func interleave(variants []*variant, rounds int, budget time.Duration) {
	for _, v := range variants {
		v.calls = 1
		begun := time.Now()
		v.take(0)
		v.calls = int(max(1, min(16, turnTime/max(1, time.Since(begun)))))
	}
	begun := time.Now()
	for round := range rounds {
		if round >= fewRounds && time.Since(begun) > budget {
			return
		}
		for _, v := range variants {
			if s, ok := v.take(round * 31); ok {
				v.samples = append(v.samples, s)
			}
		}
	}
}

func (v *variant) take(first int) (sample, bool) {
	if v.missing != "" {
		return sample{}, false
	}
	s, err := v.turn(first, v.calls)
	if err != nil {
		v.missing = err.Error()
	}
	return s, err == nil
}

// timed runs answer on so many locked threads at a time, calls times on each,
// for probes in order from the first on.
func timed(threads, first, calls int, answer func(probe int) error) (sample, error) {
	cpu, faults := make([]time.Duration, threads), make([]error, threads)
	var wait sync.WaitGroup
	begun, before := time.Now(), processCPU()
	for t := range threads {
		wait.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			own := threadCPU()
			for i := range calls {
				if err := answer((first + i*threads + t) % probeCount); err != nil {
					faults[t] = err
					return
				}
			}
			cpu[t] = threadCPU() - own
		})
	}
	wait.Wait()
	s := sample{process: processCPU() - before, wall: time.Since(begun)}
	for t := range threads {
		if faults[t] != nil {
			return sample{}, faults[t]
		}
		s.cpu += cpu[t]
	}
	return s.over(threads * calls), nil
}

func (s sample) over(probes int) sample {
	n := time.Duration(probes)
	return sample{cpu: s.cpu / n, process: s.process / n, wall: s.wall / n}
}

// cpuOf and wallOf are what figures are taken of.
func cpuOf(s sample) float64  { return s.cpu.Seconds() * 1e3 }
func wallOf(s sample) float64 { return s.wall.Seconds() * 1e3 }

func (v *variant) median(of func(sample) float64) float64 {
	var all []float64
	for _, s := range v.samples {
		all = append(all, of(s))
	}
	return median(all)
}

// ratio is the median over the rounds of v's figure over o's of the same round.
func (v *variant) ratio(o *variant, of func(sample) float64) float64 {
	var all []float64
	for i := range min(len(v.samples), len(o.samples)) {
		all = append(all, of(v.samples[i])/of(o.samples[i]))
	}
	return median(all)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
