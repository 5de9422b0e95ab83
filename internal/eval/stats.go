package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is a 95 % confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Rate is a share of n trials.
type Rate struct {
	Share float64  `json:"share"`
	Hits  int      `json:"hits"`
	N     int      `json:"n"`
	CI    Interval `json:"ci95"` // Wilson, trials taken as independent
}

// rate makes a Rate with Wilson's score interval (Wilson 1927).
func rate(hits, n int) Rate {
	if n == 0 {
		return Rate{CI: Interval{0, 1}}
	}
	const z = 1.959964
	p, m := float64(hits)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Rate{p, hits, n, Interval{max(0, centre-half), min(1, centre+half)}}
}

// atLeast counts sorted values that reach the threshold.
func atLeast(sorted []float64, threshold float64) int {
	i, _ := slices.BinarySearch(sorted, threshold)
	return len(sorted) - i
}

// thresholdAt returns the lowest threshold that at most share of the sorted
// values reach; ok is false when there are too few values for the share to
// allow even one.
func thresholdAt(sorted []float64, share float64) (t float64, ok bool) {
	allowed := int(share*float64(len(sorted)) + 1e-9)
	if allowed < 1 {
		return 0, false
	}
	if allowed >= len(sorted) {
		return failed, true
	}
	return math.Nextafter(sorted[len(sorted)-1-allowed], math.Inf(1)), true
}

// equalError returns the rate and threshold where as many of low are rejected
// as of high are accepted: low should score high (genuine), high low.
func equalError(genuine, impostor []float64) (share, threshold float64) {
	best := math.Inf(1)
	for _, t := range genuine {
		fnmr := 1 - float64(atLeast(genuine, t))/float64(len(genuine))
		fmr := float64(atLeast(impostor, t)) / float64(len(impostor))
		if d := math.Abs(fnmr - fmr); d < best {
			best, share, threshold = d, (fnmr+fmr)/2, t
		}
	}
	return share, threshold
}

// group is the outcome of one identity's trials.
type group struct{ hits, n int }

// resamples of a bootstrap.
const resamples = 1000

// bootstrap draws identities with replacement: trials of one person are not
// independent. The seed is fixed so that a report can be repeated.
func bootstrap(groups []group) Interval {
	if len(groups) == 0 {
		return Interval{0, 1}
	}
	r := rand.New(rand.NewPCG(19, 95))
	shares := make([]float64, resamples)
	for i := range shares {
		hits, n := 0, 0
		for range groups {
			g := groups[r.IntN(len(groups))]
			hits, n = hits+g.hits, n+g.n
		}
		shares[i] = float64(hits) / float64(n)
	}
	slices.Sort(shares)
	return Interval{shares[resamples*25/1000], shares[resamples*975/1000-1]}
}
