package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is what a bounded run of concurrent requests came to.
type load struct {
	perSecond     float64
	median, p99   time.Duration
	requests      int
	firstProblem  error
	problemsCount int64
}

func (l load) String() string {
	text := fmt.Sprintf("%.0f/s, median %.1f ms, p99 %.1f ms", l.perSecond, float64(l.median)/1e6, float64(l.p99)/1e6)
	if l.problemsCount > 0 {
		text += fmt.Sprintf(", %d FAILED (%v)", l.problemsCount, l.firstProblem)
	}
	return text
}

// drive runs f from the given number of clients for the given time. f gets a
// running number.
func drive(clients int, during time.Duration, f func(n int64) error) load {
	var (
		next  atomic.Int64
		mu    sync.Mutex
		times []time.Duration
		l     load
		group sync.WaitGroup
	)
	began := time.Now()
	for range clients {
		group.Go(func() {
			var own []time.Duration
			for time.Since(began) < during {
				at := time.Now()
				err := f(next.Add(1))
				own = append(own, time.Since(at))
				if err != nil {
					mu.Lock()
					l.firstProblem, l.problemsCount = err, l.problemsCount+1
					mu.Unlock()
				}
			}
			mu.Lock()
			times = append(times, own...)
			mu.Unlock()
		})
	}
	group.Wait()
	slices.Sort(times)
	l.requests = len(times)
	l.perSecond = float64(len(times)) / time.Since(began).Seconds()
	l.median, l.p99 = times[len(times)/2], times[len(times)*99/100]
	return l
}

func median[T ~int64 | ~float64](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
