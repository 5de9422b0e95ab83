package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem/match"
)

func small(t *testing.T, n, d int) (dataset, []truth) {
	t.Helper()
	galleries, err := newGalleries(d, true)
	if err != nil {
		t.Fatal(err)
	}
	data, err := newDataset(t.TempDir(), newPopulation(n, decaying(d), 7), galleries)
	if err != nil {
		t.Fatal(err)
	}
	return data, exhaustive(data.rows, data.probes, floorOf(d))
}

func TestScoresHaveTheWantedStatistics(t *testing.T) {
	for _, d := range []int{128, 256, 512} {
		data, right := small(t, 2000, d)
		var n, sum, squares float64
		for p := 1; p < probeCount; p += 2 {
			n, sum, squares = n+2000, sum+right[p].sum, squares+right[p].sumSq
		}
		std := math.Sqrt(squares/n - sum/n*sum/n)
		if want := impostorStd(d); math.Abs(std-want) > 0.05*want {
			t.Errorf("d = %d: impostor std %.4f, want about %.4f", d, std, want)
		}
		mates := data.mates()
		slices.Sort(mates)
		if m := median(mates); math.Abs(m-0.76) > 0.03 {
			t.Errorf("d = %d: median mate score %.3f, want about 0.76", d, m)
		}
		if mates[len(mates)/50] < 0.52 || mates[len(mates)*49/50] > 0.92 {
			t.Errorf("d = %d: mates from %.2f to %.2f", d, mates[0], mates[len(mates)-1])
		}
	}
}

// Rows along two known directions, one three times as often as the other.
func TestEigenvaluesOfKnownRows(t *testing.T) {
	r := rows{d: 3, codes: []int8{60, 80, 0, 60, 80, 0, -60, -80, 0, 80, -60, 0}}
	got := eigenvalues(r)
	for i, want := range []float64{0.75, 0.25, 0} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("eigenvalues %v, want 3/4, 1/4 and 0", got)
		}
	}
}

func TestRowsDependOnSeedAndPlaceAlone(t *testing.T) {
	p := newPopulation(100, decaying(64), 3)
	whole, part := make([]float32, 100*64), make([]float32, 10*64)
	p.rows(0, whole)
	newPopulation(100, decaying(64), 3).rows(40, part)
	if !slices.Equal(part, whole[40*64:50*64]) {
		t.Error("a part of the rows differs from the whole")
	}
	newPopulation(100, decaying(64), 4).rows(40, part)
	if slices.Equal(part, whole[40*64:50*64]) {
		t.Error("another seed makes the same rows")
	}
}

func TestMatchAgreesAndDifferencesAreSeen(t *testing.T) {
	data, right := small(t, 3000, 512)
	all, err := searches(data, right)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if c := s.checked; s.fault() != nil || c.candidates == 0 || c.probes == 0 {
			t.Errorf("%s: %+v", s.name(), c)
		}
	}
	a := []match.Candidate{{ID: 1, Score: 0.5}, {ID: 2, Score: 0.4}}
	b := []match.Candidate{{ID: 2, Score: 0.5}, {ID: 2, Score: math.Nextafter(0.4, 1)}, {ID: 3}}
	if n := differences(a, b); n != 3 {
		t.Errorf("%d differences, want an id, score bits and a missing row", n)
	}
}

func TestReadersReadEveryLine(t *testing.T) {
	words := make([]uint64, 4096)
	for _, r := range readers() {
		for line := range len(words) / 8 {
			words[line*8] = 1
			if r.read(words) == 0 {
				t.Errorf("%s misses line %d", r.name, line)
			}
			words[line*8] = 0
		}
	}
}

// The plain loops serve the peers' protocol; the lists of int8 are those of the
// exhaustive scan.
func TestLoopServesThePeersProtocol(t *testing.T) {
	data, right := small(t, 2000, 64)
	for _, kind := range []string{"i8", "f32"} {
		var out bytes.Buffer
		ask := `{"threads":2,"first":4,"calls":2,"batch":2}`
		if err := serveLoop([]string{data.folder, "2000", "64", "50", kind}, strings.NewReader(ask), &out); err != nil {
			t.Fatal(err)
		}
		var h hello
		var r turned
		answers := json.NewDecoder(&out)
		if err := answers.Decode(&h); err != nil {
			t.Fatal(err)
		}
		if err := answers.Decode(&r); err != nil {
			t.Fatal(err)
		}
		var want []uint64
		for p := 4; p < 8; p++ {
			for _, c := range right[p].best {
				want = append(want, c.ID)
			}
		}
		if got := shared(r.IDs, want); got < 0.95 || len(r.IDs) != len(want) {
			t.Errorf("%s: shares %.3f of the exhaustive lists", kind, got)
		}
	}
}

func TestMissingPeerHasItsLine(t *testing.T) {
	c := &contestant{peerKind: peerKinds()[4], missing: "no such program"}
	s := &section{threads: 1, peers: c.variants(1)}
	for _, forms := range []*[]*variant{&s.high, &s.full, &s.match} {
		*forms = []*variant{{name: "x", samples: []sample{{cpu: 1, process: 1, wall: 1}}}}
	}
	var out strings.Builder
	if err := s.print(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "NOT MEASURED: no such program"); n != len(c.batches) {
		t.Errorf("%d lines tell of the missing peer, want %d:\n%s", n, len(c.batches), &out)
	}
}

func TestPlotHasEveryPoint(t *testing.T) {
	c := course{name: "64 dimensions", points: []point{{10_000, 0.1, 0.2, 0.5}, {30_000, 0.3, 0.4, 0.8}, {1_000_000, 11, 12, 20}}}
	var out bytes.Buffer
	if err := draw(&out, []course{c, c}); err != nil {
		t.Fatal(err)
	}
	curves := 0
	for d := xml.NewDecoder(&out); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			curves++
			if n := strings.Count(fmt.Sprint(e.Attr), ","); n != 3 {
				t.Errorf("a curve of %d points, want 3", n)
			}
		}
	}
	if curves != 6 {
		t.Errorf("%d curves, want three for each course", curves)
	}
	if a := newAxes([]course{c}); a.x(10_000) != leftEdge || a.y(100) != topEdge {
		t.Errorf("the smallest gallery is at %v, 100 ms at %v", a.x(10_000), a.y(100))
	}
}

func TestGrowingGalleryIsAudited(t *testing.T) {
	var out strings.Builder
	o := options{rounds: 1, seed: 3, budget: time.Millisecond}
	c, err := o.course(decaying(64), 30_000, &out)
	if err != nil || len(c.points) != 2 || c.points[1].rows != 30_000 || c.points[1].top <= 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	if strings.Count(out.String(), "| 0 in 32 probes |") != 2 {
		t.Errorf("no word of the differences:\n%s", &out)
	}
}
