//go:build cgo && unix

package ort

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/onnx"
)

// Cost is what one picture costs, in CPU time of the whole process (medians).
type Cost struct {
	Pipeline time.Duration // decoding by the product and a full analysis
	Networks time.Duration // the bare networks of the same analysis
	Decode   time.Duration // the standard library's decoder
}

// Ratio is the pipeline over the sum of what cannot be avoided.
func (c Cost) Ratio() float64 { return float64(c.Pipeline) / float64(c.Networks+c.Decode) }

// String shows the parts in milliseconds.
func (c Cost) String() string {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	return fmt.Sprintf("pipeline %.1f ms = %.2f x (networks %.1f ms + decode %.1f ms)", ms(c.Pipeline), c.Ratio(), ms(c.Networks), ms(c.Decode))
}

// Decoder is how the product decodes a picture.
type Decoder func(ctx context.Context, data []byte) (image.Image, error)

// Measure analyses a JPEG rounds times, taking turns with the bare networks and
// the bare decoder, so that a busy machine slows all three down alike. Nothing
// else should run in the process.
func (e *Engine) Measure(ctx context.Context, data []byte, decode Decoder, want face.Want, rounds int) (Cost, error) {
	if err := e.Ready(); err != nil {
		return Cost{}, err
	}
	parts := [3]func() error{
		func() error {
			img, err := decode(ctx, data)
			if err == nil {
				_, err = e.Analyse(ctx, img, want)
			}
			return err
		},
		func() error { return e.bare(ctx, want) },
		func() error { _, err := jpeg.Decode(bytes.NewReader(data)); return err },
	}
	var times [3][]time.Duration
	for range rounds {
		for i, part := range parts {
			from := cpu()
			if err := part(); err != nil {
				return Cost{}, fmt.Errorf("measure: %w", err)
			}
			times[i] = append(times[i], cpu()-from)
		}
	}
	return Cost{median(times[0]), median(times[1]), median(times[2])}, nil
}

// bare runs the networks that an analysis of one face runs.
func (e *Engine) bare(ctx context.Context, want face.Want) error {
	w, err := e.free.take(ctx)
	if err != nil {
		return err
	}
	defer e.free.give(w)
	nets := []*onnx.Net{w.detect, w.landmark}
	if want.Has(face.WantTemplate) {
		nets = append(nets, w.feature)
	}
	if want.Has(face.WantPAD) {
		nets = append(nets, w.living, w.living)
	}
	if want.Has(face.WantPose) {
		nets = append(nets, w.pose)
	}
	for _, n := range nets {
		if err := n.Run(); err != nil {
			return err
		}
	}
	return nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// cpu returns the CPU time of the process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Throughput analyses the picture with so many callers for about d and returns
// analyses per second.
func (e *Engine) Throughput(ctx context.Context, img image.Image, want face.Want, callers int, d time.Duration) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done, errs := make([]int, callers), make([]error, callers)
	start := time.Now()
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for errs[c] == nil && time.Since(start) < d {
				_, errs[c] = e.Analyse(ctx, img, want)
				done[c]++
			}
		})
	}
	group.Wait()
	seconds := time.Since(start).Seconds()
	total := 0
	for c := range callers {
		if errs[c] != nil {
			return 0, errs[c]
		}
		total += done[c]
	}
	return float64(total) / seconds, nil
}
