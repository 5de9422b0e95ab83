package main

import (
	"context"
	"fmt"
	"image"
	"path/filepath"
	"time"

	"github.com/idem-id/idem/internal/demo"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/picture"
)

// measured is how often a picture is analysed for a figure.
const measured = 60

func (b *bench) engine(workers int) (*ort.Engine, error) {
	e := ort.Open(b.models, ort.Options{Workers: workers})
	return e, e.Ready()
}

func (b *bench) portraits(ctx context.Context) ([]demo.Portrait, error) {
	e, err := b.engine(1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	return demo.Portraits(ctx, e, models.Files(b.models, models.Sample))
}

func decode(ctx context.Context, data []byte) (image.Image, error) {
	p, err := picture.Decode(ctx, data, picture.DefaultLimits())
	return p.Image, err
}

// facePipeline measures the engine in this process: CPU against the bare
// networks and the standard decoder, and two workers against one.
func facePipeline(ctx context.Context, b *bench) ([]row, error) {
	portraits, err := b.portraits(ctx)
	if err != nil {
		return nil, err
	}
	e, err := b.engine(2)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	photo := portraits[0].JPEG
	enrol, err := e.Measure(ctx, photo, decode, face.WantTemplate, measured)
	if err != nil {
		return nil, err
	}
	all, err := e.Measure(ctx, photo, decode, face.Everything, measured)
	if err != nil {
		return nil, err
	}
	return []row{
		{"face pipeline CPU, template", enrol.String(), "≤ 1.2x"},
		{"face pipeline CPU, template + pose + PAD", all.String(), "≤ 1.2x"},
		{"two workers against one", fmt.Sprintf("%.2fx", scaling(ctx, e, photo)), "≥ 1.85x"},
	}, nil
}

// scaling is the median over rounds of two concurrent streams' rate over one's.
func scaling(ctx context.Context, e face.Engine, photo []byte) float64 {
	img, err := decode(ctx, photo)
	if err != nil {
		return 0
	}
	analyse := func(int64) error {
		_, err := e.Analyse(ctx, img, face.WantTemplate)
		return err
	}
	var ratios []float64
	for range 5 {
		one := drive(1, time.Second, analyse)
		two := drive(2, time.Second, analyse)
		ratios = append(ratios, two.perSecond/one.perSecond)
	}
	return median(ratios)
}

// personCreation measures the server's CPU for POST /v1/persons against the
// bare networks and the standard decoder for the same pictures.
func personCreation(ctx context.Context, b *bench) ([]row, error) {
	portraits, err := b.portraits(ctx)
	if err != nil {
		return nil, err
	}
	e, err := b.engine(1)
	if err != nil {
		return nil, err
	}
	bare, err := e.Measure(ctx, portraits[0].JPEG, decode, face.WantTemplate, measured)
	_ = e.Close()
	if err != nil {
		return nil, err
	}
	s, err := b.serve(ctx, filepath.Join(b.work, "http"), "")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	cost, err := s.creationCost(portraits[0].JPEG)
	if err != nil {
		return nil, err
	}
	limit := bare.Networks + bare.Decode
	return []row{{"POST /v1/persons, server CPU end to end",
		fmt.Sprintf("%.1f ms = %.2fx (networks %.1f ms + decode %.1f ms)", float64(cost)/1e6, float64(cost)/float64(limit),
			float64(bare.Networks)/1e6, float64(bare.Decode)/1e6), "≤ 1.2x"}}, nil
}

// creationCost is the CPU of one creation: medians over blocks, because the
// system counts CPU in hundredths of a second.
func (s *server) creationCost(photo []byte) (time.Duration, error) {
	const block, blocks = 20, 7
	var costs []time.Duration
	for range blocks {
		from, err := s.cpu()
		if err != nil {
			return 0, err
		}
		for range block {
			if _, err := s.createPerson(photo); err != nil {
				return 0, err
			}
		}
		to, err := s.cpu()
		if err != nil {
			return 0, err
		}
		costs = append(costs, (to-from)/block)
	}
	return median(costs[1:]), nil
}
