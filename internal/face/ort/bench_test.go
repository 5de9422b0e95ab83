//go:build cgo && unix

package ort

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/face"
	"golang.org/x/image/draw"
)

// portrait cuts the primary face of a group photo out and scales it to side
// pixels, as a JPEG.
func portrait(b testing.TB, e *Engine, side int) []byte {
	b.Helper()
	img := sampleImage(b, 1)
	box := mustAnalyse(b, e, img, face.DetectOnly).Primary.Box
	sq := box.Square(box.Height() * 1.9)
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.CatmullRom.Scale(out, out.Rect, img, image.Rect(int(sq.X0), int(sq.Y0), int(sq.X1), int(sq.Y1)), draw.Src, nil)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, out, &jpeg.Options{Quality: 92}); err != nil {
		b.Fatal(err)
	}
	return buf.Bytes()
}

// BenchmarkPipeline reports the ratio of the pipeline to the bare networks plus
// the standard decoder, in CPU time.
func BenchmarkPipeline(b *testing.B) {
	e := openEngine(b, 1)
	for _, c := range []struct {
		name string
		side int
		want face.Want
	}{{"250px/template", 250, face.WantTemplate}, {"250px/everything", 250, face.Everything}, {"900px/template", 900, face.WantTemplate}, {"900px/everything", 900, face.Everything}} {
		b.Run(c.name, func(b *testing.B) {
			data := portrait(b, e, c.side)
			b.ResetTimer()
			cost, err := e.Measure(context.Background(), data, decodeForTest, c.want, max(b.N, 5))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(cost.Ratio(), "ratio")
			b.ReportMetric(float64(cost.Pipeline)/1e6, "pipeline-ms")
			b.ReportMetric(float64(cost.Networks)/1e6, "networks-ms")
			b.ReportMetric(float64(cost.Decode)/1e6, "decode-ms")
		})
	}
}

// BenchmarkWorkers reports how much two workers do compared with one.
func BenchmarkWorkers(b *testing.B) {
	e := openEngine(b, 2)
	img, err := jpeg.Decode(bytes.NewReader(portrait(b, e, 250)))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		one, err := e.Throughput(context.Background(), img, face.WantTemplate, 1, 2*time.Second)
		if err != nil {
			b.Fatal(err)
		}
		two, err := e.Throughput(context.Background(), img, face.WantTemplate, 2, 2*time.Second)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(two/one, "gain")
		b.ReportMetric(two, "images/s")
	}
}
