package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"path/filepath"
	"time"

	"github.com/idem-id/idem/internal/demo"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/picture"
	"golang.org/x/image/draw"
	"golang.org/x/sync/errgroup"
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

// sides are the pictures that figures are taken with, in pixels: a cut-out, and
// what a phone's camera page sends.
var sides = []int{360, 1080}

// enlarged is a portrait as JPEG of about the given side.
func enlarged(p demo.Portrait, side int) ([]byte, error) {
	b := p.Image.Bounds()
	img := image.NewRGBA(image.Rect(0, 0, side, side*b.Dy()/b.Dx()))
	draw.CatmullRom.Scale(img, img.Bounds(), p.Image, b, draw.Src, nil)
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}

// facePipeline measures the engine in this process: CPU against the bare
// networks and the standard decoder, and two workers against one. The ratio is
// taken with one worker, so that the bare networks run on the picture's own
// inputs: on zeros they are faster.
func facePipeline(ctx context.Context, b *bench) ([]row, error) {
	portraits, err := b.portraits(ctx)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, side := range sides {
		photo, err := enlarged(portraits[0], side)
		if err != nil {
			return nil, err
		}
		for name, want := range map[string]face.Want{"template": face.WantTemplate, "template, pose, PAD": face.Everything} {
			cost, err := b.pipelineCost(ctx, photo, want)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row{fmt.Sprintf("face pipeline CPU, %d px, %s", side, name), cost.String(), "≤ 1.2x"})
		}
	}
	two, err := b.engine(2)
	if err != nil {
		return nil, err
	}
	defer func() { _ = two.Close() }()
	return append(rows, row{"two workers against one", fmt.Sprintf("%.2fx", scaling(ctx, two, portraits[0].JPEG)), "≥ 1.85x"}), nil
}

func (b *bench) pipelineCost(ctx context.Context, photo []byte, want face.Want) (ort.Cost, error) {
	e, err := b.engine(1)
	if err != nil {
		return ort.Cost{}, err
	}
	defer func() { _ = e.Close() }()
	return e.Measure(ctx, photo, decode, want, measured)
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
	s, err := b.serve(ctx, filepath.Join(b.work, "http"), "")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for range warmUp / block {
		if err := s.replaceBlock(portraits[0].JPEG, func() error { return nil }); err != nil {
			return nil, err
		}
	}
	var rows []row
	for _, side := range sides {
		photo, err := enlarged(portraits[0], side)
		if err != nil {
			return nil, err
		}
		bare, err := b.pipelineCost(ctx, photo, face.WantTemplate)
		if err != nil {
			return nil, err
		}
		cost, err := s.creationCost(photo)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{fmt.Sprintf("POST /v1/persons, server CPU end to end, %d px", side),
			fmt.Sprintf("%.1f ms = %.2fx (networks %.1f ms + decode %.1f ms)", float64(cost)/1e6, float64(cost)/float64(bare.Networks+bare.Decode),
				float64(bare.Networks)/1e6, float64(bare.Decode)/1e6), "≤ 1.2x"})
	}
	return rows, nil
}

// warmUp is how many persons an organisation has before its costs are counted:
// the first few hundred also make the folders that pictures lie in.
const warmUp = 500

// The blocks of requests that creationCost counts, sent by two clients so that
// the server has no rests: after each its caches would be cold.
const block, blocks, senders = 20, 11, 2

// creationCost is the server's CPU for one creation: the median over blocks,
// because the system counts CPU in hundredths of a second.
func (s *server) creationCost(photo []byte) (time.Duration, error) {
	var costs []time.Duration
	for range blocks {
		from, err := s.cpu()
		if err != nil {
			return 0, err
		}
		err = s.replaceBlock(photo, func() error {
			to, err := s.cpu()
			costs = append(costs, (to-from)/block)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return median(costs), nil
}

// replaceBlock creates persons of one face, reads the clock and deletes them:
// each block meets strangers only, not hundreds of its own doubles.
func (s *server) replaceBlock(photo []byte, clock func() error) error {
	made := make(chan string, block)
	var group errgroup.Group
	for range senders {
		group.Go(func() error {
			for range block / senders {
				id, err := s.createPerson(photo)
				if err != nil {
					return err
				}
				made <- id
			}
			return nil
		})
	}
	if err := errors.Join(group.Wait(), clock()); err != nil {
		return err
	}
	close(made)
	for id := range made {
		if _, err := s.call("DELETE", "/v1/persons/"+id, "", nil); err != nil {
			return err
		}
	}
	return nil
}
