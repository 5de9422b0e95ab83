package main

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/match"
)

// refusing is a processor whose best kernel the system forbids.
var refusing = []match.Level{{Kernel: "amx", Refused: errors.New("not in this sandbox")}, {Kernel: "avx512", Chosen: true}, {Kernel: "go"}}

func TestTheDoctorTellsOfTheMatcher(t *testing.T) {
	for _, c := range []struct {
		levels        []match.Level
		wanted        string
		state, detail string
	}{
		{refusing, "", "warning", "amx is refused: not in this sandbox"},
		{refusing, "avx512", "ok", "compares with avx512, of avx512, go"},
		{refusing, "amx", "warning", "amx is refused: not in this sandbox"},
		{refusing[1:], "abacus", "warning", "compares with avx512, not with abacus"},
		{refusing[1:], "", "ok", "compares with avx512, of avx512, go"},
	} {
		if f := checkMatcher(c.levels, c.wanted); f.State != c.state || f.Detail != c.detail || (f.Advice == "") != (c.state == "ok") {
			t.Errorf("%q of %v: %+v", c.wanted, c.levels, f)
		}
	}
}

func TestMetricsTellOfTheKernels(t *testing.T) {
	w := httptest.NewRecorder()
	metrics.New("1", kernelReadings(refusing)...).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`{kernel="amx",state="refused"} 1`, `{kernel="avx512",state="chosen"} 1`, `{kernel="go",state="available"} 1`} {
		if !strings.Contains(w.Body.String(), "idem_match_kernel_info"+want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
}
