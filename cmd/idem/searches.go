package main

import (
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/metrics"
)

// searchReadings tell what searches take, of all organisations together. The
// mean batch has probes / passes, and a probe waits queued / probes seconds.
func searchReadings(searches func() gallery.Stats, index func() ram.Stats) []metrics.Reading {
	return []metrics.Reading{
		counter("gallery_searches_total", "searches answered", func() float64 { return float64(searches().Searches) }),
		counter("gallery_compared_total", "references compared", func() float64 { return float64(searches().Compared) }),
		counter("gallery_survivors_total", "references that half of each code did not dismiss", func() float64 { return float64(searches().Survivors) }),
		counter("gallery_scored_total", "references that had their exact score", func() float64 { return float64(searches().Exact) }),
		counter("gallery_passes_total", "passes over the references of a gallery", func() float64 { return float64(index().Passes) }),
		counter("gallery_probes_total", "probes that passes compared", func() float64 { return float64(index().Probes) }),
		counter("gallery_queued_seconds_total", "time that probes waited for their passes", func() float64 { return index().Waited.Seconds() }),
		counter("gallery_pass_seconds_total", "time that passes took", func() float64 { return index().Passed.Seconds() }),
	}
}

func counter(name, help string, value func() float64) metrics.Reading {
	return metrics.Reading{Name: name, Help: help, Kind: metrics.Counter, Value: value}
}
