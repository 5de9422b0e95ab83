package demo

import (
	"context"
	"fmt"
	"image"
	"os"

	"github.com/idem-id/idem/internal/face"
	"golang.org/x/image/draw"

	_ "image/jpeg" // the samples are JPEG files
)

// minQuality keeps the samples that a real enrolment would take without
// complaint.
const minQuality = 35

// portraitSide is the side of a cut-out portrait in pixels.
const portraitSide = 360

// Portrait is one person cut out of a group photo.
type Portrait struct {
	Image *image.RGBA
	JPEG  []byte
}

// Portraits cuts the people out of the pictures and keeps those whose own
// portrait passes the engine with sufficient quality, in the order of the files.
func Portraits(ctx context.Context, engine face.Engine, files []string) ([]Portrait, error) {
	var kept []Portrait
	for _, file := range files {
		group, err := load(file)
		if err != nil {
			return nil, err
		}
		all, err := engine.Analyse(ctx, group, face.DetectOnly)
		if err != nil {
			return nil, err
		}
		for _, box := range all.Boxes {
			portrait, good, err := cut(ctx, engine, group, box)
			if err != nil {
				return nil, err
			}
			if good {
				kept = append(kept, portrait)
			}
		}
	}
	return kept, nil
}

func load(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open sample picture: %w", err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("decode sample picture %s: %w", file, err)
	}
	return img, nil
}

// cut takes a square of 1.8 face heights, narrow enough to leave neighbours out.
func cut(ctx context.Context, engine face.Engine, group image.Image, box face.Box) (Portrait, bool, error) {
	square := box.Square(box.Height() * 1.8)
	area := image.Rect(int(square.X0), int(square.Y0), int(square.X1), int(square.Y1)).Intersect(group.Bounds())
	if area.Dx() < portraitSide/5 || area.Dy() < portraitSide/5 {
		return Portrait{}, false, nil
	}
	img := image.NewRGBA(image.Rect(0, 0, portraitSide, portraitSide*area.Dy()/area.Dx()))
	draw.CatmullRom.Scale(img, img.Bounds(), group, area, draw.Src, nil)
	found, err := engine.Analyse(ctx, img, face.WantTemplate)
	if err != nil || found.Code != face.OK || found.Primary.Quality.Score < minQuality {
		return Portrait{}, false, err
	}
	data, err := encode(img, 92)
	return Portrait{Image: img, JPEG: data}, true, err
}
