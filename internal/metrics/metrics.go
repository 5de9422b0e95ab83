package metrics

import (
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Reading is one number that is asked for at each scrape. Value is safe for
// concurrent use and quick.
type Reading struct {
	Name  string // without the prefix "idem_"
	Help  string
	Value func() float64
	Kind  Kind
	// Labels tell readings of one name apart. They come from the program, never
	// from data.
	Labels map[string]string
}

// Kind says whether a reading may fall.
type Kind uint8

// The kinds: a gauge may rise and fall, a counter only rises and its name ends
// in _total.
const (
	Gauge Kind = iota
	Counter
)

// Metrics is the registry of one process. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	checks   *prometheus.HistogramVec
}

// New makes a registry with the request metrics, the Go runtime's own and the
// readings. Version is what idem_build_info tells.
func New(version string, readings ...Reading) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), requests: requestCounter(), duration: requestDuration(), inFlight: inFlight(), checks: checkDuration()}
	m.registry.MustRegister(m.requests, m.duration, m.inFlight, m.checks, buildInfo(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.Add(readings...)
	return m
}

// Add takes further readings in. It panics on a name given twice with the same labels, which only a
// wrong assembly of the program can bring about.
func (m *Metrics) Add(readings ...Reading) {
	for _, r := range readings {
		m.registry.MustRegister(r.collector())
	}
}

func (r Reading) collector() prometheus.Collector {
	name := "idem_" + r.Name
	if r.Kind == Counter {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: r.Help, ConstLabels: r.Labels}, r.Value)
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: r.Help, ConstLabels: r.Labels}, r.Value)
}

func requestCounter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "idem_http_requests_total", Help: "Answered requests."}, []string{"method", "route", "status"})
}

func requestDuration() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "idem_http_request_duration_seconds", Help: "Time from the request's headers to the end of the answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
	}, []string{"method", "route"})
}

func inFlight() prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: "idem_http_requests_in_flight", Help: "Requests being answered."})
}

func checkDuration() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "idem_check_duration_seconds", Help: "Runs of technologies alone, by how they ended, without the wait for a slot.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
	}, []string{"technology", "end"})
}

func buildInfo(version string) prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "idem_build_info", Help: "Always 1; the labels tell the build."},
		[]string{"version", "go"})
	g.WithLabelValues(version, runtime.Version()).Set(1)
	return g
}

// Begin counts a request in; the returned function counts it out with the
// pattern of its route ("" when no route fits) and the status of its answer.
func (m *Metrics) Begin(method string) func(route string, status int) {
	started := time.Now()
	m.inFlight.Inc()
	return func(route string, status int) {
		m.inFlight.Dec()
		method, route := knownMethod(method), knownRoute(route)
		m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
		m.duration.WithLabelValues(method, route).Observe(time.Since(started).Seconds())
	}
}

// Checked counts one run of a technology alone. Both labels come from the
// program.
func (m *Metrics) Checked(technology, end string, took time.Duration) {
	m.checks.WithLabelValues(technology, end).Observe(took.Seconds())
}

// knownMethod keeps strangers from inventing label values.
func knownMethod(method string) string {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	if slices.Contains(known, method) {
		return method
	}
	return "OTHER"
}

func knownRoute(route string) string {
	if route == "" {
		return "none"
	}
	return route
}

// Handler shows the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
