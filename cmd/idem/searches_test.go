package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/metrics"
)

func TestSearchesAreMeasured(t *testing.T) {
	readings := searchReadings(
		func() gallery.Stats { return gallery.Stats{Searches: 2, Compared: 3, Survivors: 4, Exact: 5} },
		func() ram.Stats {
			return ram.Stats{Passes: 6, Probes: 7, Waited: 1500 * time.Millisecond, Passed: 2 * time.Second}
		})
	w := httptest.NewRecorder()
	metrics.New("1", readings...).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		"idem_gallery_searches_total 2", "idem_gallery_compared_total 3", "idem_gallery_survivors_total 4", "idem_gallery_scored_total 5",
		"idem_gallery_passes_total 6", "idem_gallery_probes_total 7", "idem_gallery_queued_seconds_total 1.5", "idem_gallery_pass_seconds_total 2",
	} {
		if !strings.Contains(w.Body.String(), "\n"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}
