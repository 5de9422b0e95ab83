package metrics_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/metrics"
)

func scrape(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestRequestsAndReadings(t *testing.T) {
	level := 3.0
	m := metrics.New("1.2.3", metrics.Reading{Name: "gallery_entries", Help: "h", Value: func() float64 { return level }},
		metrics.Reading{Name: "searches_total", Help: "h", Kind: metrics.Counter, Value: func() float64 { return 7 }},
		metrics.Reading{Name: "kernel", Help: "h", Labels: map[string]string{"name": "a"}, Value: func() float64 { return 1 }},
		metrics.Reading{Name: "kernel", Help: "h", Labels: map[string]string{"name": "b"}, Value: func() float64 { return 0 }})
	m.Begin("GET")("/v1/persons/{person_id}", 200)
	m.Begin("GET")("/v1/persons/{person_id}", 200)
	m.Begin("BREW")("", 405)
	m.Checked("F2F", "passed", 80*time.Millisecond)
	level = 4
	text := scrape(m)
	for _, want := range []string{
		`idem_http_requests_total{method="GET",route="/v1/persons/{person_id}",status="200"} 2`,
		`idem_http_requests_total{method="OTHER",route="none",status="405"} 1`,
		`idem_check_duration_seconds_bucket{end="passed",technology="F2F",le="0.1"} 1`,
		"idem_http_requests_in_flight 0", "idem_gallery_entries 4", "# TYPE idem_searches_total counter",
		`idem_kernel{name="a"} 1`, `idem_kernel{name="b"} 0`,
		`version="1.2.3"`, `idem_http_request_duration_seconds_count{method="GET",route="/v1/persons/{person_id}"} 2`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
