package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idem-id/idem/internal/face/facetest"
)

// people writes pictures of persons p0, p1, ... with some variants each, and
// one of nobody.
func people(t *testing.T, persons, variants int) string {
	t.Helper()
	dir := t.TempDir()
	for p := range persons {
		for v := range variants {
			put(t, dir, fmt.Sprintf("p%d/%d.jpg", p, v), facetest.JPEG(facetest.Picture(fmt.Sprint("p", p), uint8(v))))
		}
	}
	put(t, dir, "nobody/0.jpg", facetest.JPEG(facetest.Plain()))
	return dir
}

func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func list(t *testing.T, lines ...string) string {
	return put(t, t.TempDir(), "list.csv", []byte(strings.Join(lines, "\n")+"\n"))
}

func TestTreeComparesEveryPair(t *testing.T) {
	dir := people(t, 12, 3)
	calls := 0
	for _, o := range []Options{{}, {Float: true}} {
		v, err := Tree(context.Background(), facetest.Fake{}, dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if v.Genuine != 12*3 || v.Genuine+v.Impostor != 37*36/2 || v.FTE.Hits != 1 || v.EER != 0 {
			t.Errorf("%d genuine, %d impostor, FTE %v, EER %v", v.Genuine, v.Impostor, v.FTE, v.EER)
		}
		if at := v.AtFMR[0]; at.FMR != 0.01 || at.TAR.Share != 1 || at.ByPerson.Low != 1 {
			t.Errorf("at 1e-2: %+v", at)
		}
		if last := v.AtFMR[len(v.AtFMR)-1]; last.FMR < 1/float64(v.Impostor) {
			t.Errorf("claims FMR %g from %d impostor pairs", last.FMR, v.Impostor)
		}
	}
	if _, err := Tree(context.Background(), facetest.Fake{}, dir, Options{Progress: func(done, total int) {
		if total == 37 && done == calls+1 {
			calls++
		}
	}}); err != nil || calls != 37 {
		t.Errorf("progress called %d times, %v", calls, err)
	}
}

func TestPairsCountFailuresAsNoMatch(t *testing.T) {
	dir := people(t, 3, 2)
	file := list(t, "a,b,same", "p0/0.jpg,p0/1.jpg,1", "p1/0.jpg,nobody/0.jpg,1", "p0/0.jpg,p1/0.jpg,0", "p0/0.jpg,nobody/0.jpg,0")
	v, err := Pairs(context.Background(), facetest.Fake{}, dir, file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := v.AtThreshold[2]
	if at.Promised != 1e-4 || at.FNMR.Hits != 1 || at.FNMR.N != 2 || at.FMR.Hits != 0 || at.FMR.N != 2 {
		t.Errorf("%+v", at)
	}
	var csv bytes.Buffer
	if err := v.Scores(&csv); err != nil || !strings.Contains(csv.String(), "p1/0.jpg,nobody/0.jpg,1,\n") {
		t.Errorf("scores %q, %v", csv.String(), err)
	}
}

func TestIdentify(t *testing.T) {
	dir := people(t, 30, 2)
	lines := []string{"role,identity,file"}
	for p := range 30 {
		if p < 10 {
			lines = append(lines, fmt.Sprintf("gallery,p%d,p%d/0.jpg", p, p), fmt.Sprintf("mated,p%d,1.jpg", p))
		} else {
			lines = append(lines, fmt.Sprintf("nonmated,p%d,0.jpg", p))
		}
	}
	lines = append(lines, "mated,p0,nobody/0.jpg")
	n, err := Identify(context.Background(), facetest.Fake{}, dir, list(t, lines...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n.Gallery != 10 || n.Rank1.Hits != 10 || n.Rank1.N != 11 || n.FTE.Hits != 1 {
		t.Errorf("%+v", n)
	}
	if len(n.AtFPIR) != 1 || n.AtFPIR[0].FNIR.Hits != 1 {
		t.Errorf("20 nonmated probes allow FPIR 1e-1 only: %+v", n.AtFPIR)
	}
}

func TestPAD(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "live.jpg", facetest.JPEG(facetest.Picture("a", 0)))
	put(t, dir, "screen.jpg", facetest.JPEG(facetest.Attack("a")))
	put(t, dir, "none.jpg", facetest.JPEG(facetest.Plain()))
	put(t, dir, "mask.jpg", facetest.JPEG(facetest.Picture("b", 0)))
	file := list(t, "file,label,attack", "live.jpg,live,", "none.jpg,live,", "screen.jpg,attack,replay", "none.jpg,attack,replay", "mask.jpg,attack,mask")
	a, err := PAD(context.Background(), facetest.Fake{}, dir, file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := a.point(a.Threshold)
	if a.Threshold != 0.3 || p.BPCER.Hits != 1 || p.BPCER.N != 2 || p.ByType["replay"].Hits != 0 || p.APCER.Hits != 1 || p.APCER.N != 1 || a.NonResponse.Hits != 2 {
		t.Errorf("%+v, non-response %v", p, a.NonResponse)
	}
	if _, err := PAD(context.Background(), facetest.Fake{}, dir, list(t, "file,label,attack", "live.jpg,maybe,"), Options{}); err == nil {
		t.Error("an unknown label was accepted")
	}
}

// TestPADOfVideos: one doubtful frame does not decide a video of five frames,
// most of them do; fewer frames are decided by the worst.
func TestPADOfVideos(t *testing.T) {
	dir := t.TempDir()
	lines := []string{"file,label,attack,group"}
	add := func(group, label, attack string, frames ...image.Image) {
		for i, img := range frames {
			name := fmt.Sprintf("%s%d.jpg", group, i)
			put(t, dir, name, facetest.JPEG(img))
			lines = append(lines, strings.Join([]string{name, label, attack, group}, ","))
		}
	}
	l, a, none := facetest.Picture("ann", 1), facetest.Attack("ann"), facetest.Plain()
	add("still", "live", "", l, l, l, l, l)
	add("glitch", "live", "", l, a, l, a, l, none)
	add("half", "live", "", l, a, a, l, a)
	add("short", "live", "", l, l, a)
	add("empty", "live", "", none, none)
	add("screen", "attack", "replay", a, a, a, a, a)
	add("slip", "attack", "replay", l, a, a, a, a, l)
	add("mask", "attack", "mask", l, l, l, l, l)
	add("paper", "attack", "print", none)
	d, err := PAD(context.Background(), facetest.Fake{}, dir, list(t, lines...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := d.Videos
	if v.Videos != 9 || v.BonaFide != 5 || v.Attacks != 4 || v.NonResponse.Hits != 2 || v.Short != 1 {
		t.Errorf("%+v", v)
	}
	p := v.At
	if p.BPCER.Hits != 3 || p.BPCER.N != 5 || p.ByType["replay"].Hits != 0 || p.ByType["replay"].N != 2 || p.ByType["mask"].Hits != 1 || p.ByType["print"].Hits != 0 ||
		p.APCER.Share != 1 || p.ACER != 0.8 || p.BPCER.CI.Low <= 0 || p.BPCER.CI.High >= 1 {
		t.Errorf("videos at the threshold: %+v", p)
	}
	if f := d.point(d.Threshold); f.BPCER.Hits != 2+1+3+1+2 || f.BPCER.N != 21 || f.ByType["replay"].Hits != 2 || f.ByType["replay"].N != 11 {
		t.Errorf("frames at the threshold: %+v", f)
	}
	var text strings.Builder
	if err := d.Text(&text); err != nil || !strings.Contains(text.String(), "single frame") || !strings.Contains(text.String(), "ACER                   80") {
		t.Errorf("%v\n%s", err, text.String())
	}
	for name, bad := range map[string][]string{
		"two labels": {lines[0], lines[1], "mask0.jpg,attack,mask,still"},
		"no group":   {lines[0], lines[1], "mask0.jpg,attack,mask,"},
	} {
		if _, err := PAD(context.Background(), facetest.Fake{}, dir, list(t, bad...), Options{}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestReportFiles(t *testing.T) {
	v, err := Tree(context.Background(), facetest.Fake{}, people(t, 4, 2), Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := WriteTo(dir, v); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var back Verification
	if err := json.Unmarshal(read("report.json"), &back); err != nil || back.Genuine != v.Genuine {
		t.Errorf("JSON: %v", err)
	}
	if !strings.Contains(string(read("report.txt")), "8-bit templates") || strings.Count(string(read("scores.csv")), "\n") != 1+9*8/2 {
		t.Error("text or scores are incomplete")
	}
	if img, err := png.Decode(bytes.NewReader(read("det.png"))); err != nil || img.Bounds().Dx() != plotWidth {
		t.Errorf("PNG: %v", err)
	}
	if svg := string(read("det.svg")); !strings.HasPrefix(svg, "<svg") || !strings.Contains(svg, "false non-match rate") {
		t.Error("SVG is incomplete")
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	_, err := Pairs(context.Background(), facetest.Fake{}, t.TempDir(), list(t, "a,b,same", "x.jpg,y.jpg,1"), Options{})
	if err == nil || !strings.Contains(err.Error(), "x.jpg") && !strings.Contains(err.Error(), "y.jpg") {
		t.Errorf("err = %v", err)
	}
	if _, err := Pairs(context.Background(), facetest.Fake{}, t.TempDir(), list(t, "left,right", "x,y"), Options{}); err == nil || !strings.Contains(err.Error(), `no column "a"`) {
		t.Errorf("err = %v", err)
	}
}

func TestPGM(t *testing.T) {
	img, err := decodePGM(append([]byte("P5\n# a comment\n3 2\n255\n"), 1, 2, 3, 4, 5, 6))
	if err != nil || img.Bounds() != image.Rect(0, 0, 3, 2) || img.(*image.Gray).GrayAt(2, 1).Y != 6 {
		t.Fatalf("%v, %v", img, err)
	}
	for _, bad := range []string{"P5", "P5 3 2 255\n12345", "P5 99999 99999 255\n", "P5 3 2 65535\n123456789012", "P5 -3 2 255\n"} {
		if _, err := decodePGM([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzPGM(f *testing.F) {
	f.Add([]byte("P5\n# c\n3 2\n255\n123456"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !bytes.HasPrefix(data, []byte("P5")) {
			return
		}
		if img, err := decodePGM(data); err == nil {
			img.At(img.Bounds().Max.X-1, img.Bounds().Max.Y-1)
		}
	})
}

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{{0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {5, 10, 0.2366, 0.7634}, {1, 100, 0.0018, 0.0545}} {
		r := rate(c.hits, c.n)
		if math.Abs(r.CI.Low-c.low) > 5e-5 || math.Abs(r.CI.High-c.high) > 5e-5 {
			t.Errorf("%d of %d: %+v, want %.4f..%.4f", c.hits, c.n, r.CI, c.low, c.high)
		}
	}
}

func TestThresholdAt(t *testing.T) {
	sorted := []float64{.1, .2, .3, .4, .5, .6, .7, .8, .9, 1}
	threshold, ok := thresholdAt(sorted, 0.2)
	if !ok || atLeast(sorted, threshold) != 2 || threshold > .8+1e-9 {
		t.Errorf("threshold %v", threshold)
	}
	if _, ok := thresholdAt(sorted, 0.05); ok {
		t.Error("ten values cannot show a share of 5 %")
	}
}

func TestEqualError(t *testing.T) {
	share, at := equalError([]float64{.3, .6, .7, .8}, []float64{.1, .2, .4, .65})
	if share != 0.25 || at < .4 || at > .65 {
		t.Errorf("EER %v at %v", share, at)
	}
}

func TestBootstrapIsWiderThanOnePerson(t *testing.T) {
	same := make([]group, 50)
	for i := range same {
		same[i] = group{9, 10}
	}
	if ci := bootstrap(same); ci.Low != 0.9 || ci.High != 0.9 {
		t.Errorf("identical people: %+v", ci)
	}
	same[0] = group{0, 500}
	if ci := bootstrap(same); ci.High-ci.Low < 0.3 {
		t.Errorf("one dominant person must widen the interval: %+v", ci)
	}
}

func TestDeviate(t *testing.T) {
	for p, want := range map[float64]float64{0.5: 0, 0.0227501: -2, 0.1586553: -1} {
		if got := deviate(p); math.Abs(got-want) > 1e-4 {
			t.Errorf("deviate(%v) = %v, want %v", p, got, want)
		}
	}
}

func TestTemplatesLeaveOutWhatHasNoFace(t *testing.T) {
	all, err := Templates(context.Background(), facetest.Fake{}, people(t, 3, 2), Options{})
	if err != nil || len(all) != 6 {
		t.Fatalf("%d templates, %v; want 6", len(all), err)
	}
	for i, one := range all {
		if one.Identity != fmt.Sprint("p", i/2) || one.Template.Dim() == 0 {
			t.Errorf("template %d is %v of %q", i, one.Template, one.Identity)
		}
	}
}
