package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"
)

// film writes the scenes: HOLDER and STRANGER at rest, the moves of the holder
// from rest to their end, SCREEN (a telephone that shows the holder) and TABLE,
// on which nothing lies.
func (s *set) film(ctx context.Context, c *cast) error {
	for _, scene := range []struct {
		name   string
		frames []*image.RGBA
	}{
		{"HOLDER", atRest(c.holder)}, {"STRANGER", atRest(c.stranger)}, {"SCREEN", onScreen(c.holder)}, {"TABLE", table()},
		{"CLOSER", distance(c.holder, farthest)}, {"AWAY", distance(c.holder, 1/farthest)},
	} {
		if err := s.scene(scene.name, scene.frames); err != nil {
			return err
		}
	}
	return s.turns(ctx, c)
}

func (s *set) turns(ctx context.Context, c *cast) error {
	rest := before(c.holder, pose{zoom: 1})
	from, err := find(ctx, c.engine, rest)
	if err != nil {
		return err
	}
	for _, t := range turns {
		most, err := t.angle(ctx, c.engine, rest, from)
		if err != nil {
			return err
		}
		var frames []*image.RGBA
		for i := range moveFrames {
			a := most * float64(i+1) / moveFrames
			frames = append(frames, turned(rest, from.Box, a*t.yaw, a*t.pitch))
		}
		if err := s.scene(t.name, frames); err != nil {
			return err
		}
	}
	return nil
}

// scene writes frames one after the other as planes.
func (s *set) scene(name string, frames []*image.RGBA) error {
	f, err := os.OpenFile(filepath.Join(s.folder, name+".i420"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for _, im := range frames {
		if _, err := f.Write(i420(im)); err != nil {
			return fmt.Errorf("write scene %s: %w", name, err)
		}
	}
	s.Scenes[name] = len(frames)
	return f.Close()
}

// moveFrames is from how many frames on a move is at its end.
const moveFrames = 6

// farthest is by which factor the face grows; 1.5 is asked for.
const farthest = 1.65

func distance(portrait image.Image, to float64) (frames []*image.RGBA) {
	for i := range moveFrames {
		frames = append(frames, before(portrait, pose{zoom: math.Pow(to, float64(i+1)/moveFrames)}))
	}
	return frames
}

// atRest sways a little, as people do.
func atRest(portrait image.Image) (frames []*image.RGBA) {
	for i := range 4 {
		sway := math.Pi / 2 * float64(i)
		frames = append(frames, before(portrait, pose{zoom: 1 + .006*math.Sin(sway), dx: int(4 * math.Cos(sway)), dy: int(3 * math.Sin(sway))}))
	}
	return frames
}

// onScreen holds a telephone that shows a portrait into the camera: its black
// edge, the pattern of its dots against those of the camera, the bluish light,
// and the lamp of the room in the glass.
func onScreen(portrait image.Image) (frames []*image.RGBA) {
	for i := range 3 {
		frames = append(frames, telephone(portrait, image.Pt(640+4*i, 480-3*i)))
	}
	return frames
}

func telephone(portrait image.Image, at image.Point) *image.RGBA {
	const side, edge, length = 520, 26, 860
	im := blank(color.RGBA{120, 115, 105, 255})
	around := func(w, h int) image.Rectangle { return image.Rect(-w/2, -h/2, w/2, h/2).Add(at) }
	draw.Draw(im, around(side+2*edge, length+2*edge), image.NewUniform(color.RGBA{15, 15, 18, 255}), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(im, around(side, side), portrait, portrait.Bounds(), draw.Src, nil)
	glass := around(side, length).Intersect(im.Rect)
	for y := glass.Min.Y; y < glass.Max.Y; y++ {
		for x := glass.Min.X; x < glass.Max.X; x++ {
			shine(im.Pix[y*im.Stride+4*x:], float64(x), float64(y))
		}
	}
	return im
}

func shine(p []uint8, x, y float64) {
	dots := 1 + .12*math.Sin(.9*x+.12*y)*math.Sin(.83*y)
	lamp := 30 * math.Exp(-math.Pow((x-y-300)/90, 2))
	for c, tint := range [3]float64{.92, 1, 1.12} {
		p[c] = uint8(min(255, float64(p[c])*.7*dots*tint+20+lamp))
	}
}

// table is what a camera sees that looks at nothing.
func table() []*image.RGBA {
	r := rand.New(rand.NewPCG(7, 7))
	im := blank(color.RGBA{120, 90, 60, 255})
	for y := range frameHeight {
		for x := range frameWidth {
			v := 6*math.Sin(float64(x)*.03+3*math.Sin(float64(y)*.01)) + 3*r.NormFloat64()
			p := im.Pix[y*im.Stride+4*x:]
			p[0], p[1], p[2] = uint8(120+v), uint8(90+v), uint8(60+v)
		}
	}
	return []*image.RGBA{im}
}
