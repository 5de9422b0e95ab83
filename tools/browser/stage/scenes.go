package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"maps"
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
	scenes := map[string][]*image.RGBA{"HOLDER": atRest(c.live), "STRANGER": atRest(c.stranger), "SCREEN": onScreen(c.holder), "TABLE": table()}
	for _, moves := range []func(context.Context, *cast) (map[string][]*image.RGBA, error){bends, distances} {
		filmed, err := moves(ctx, c)
		if err != nil {
			return err
		}
		maps.Copy(scenes, filmed)
	}
	for name, frames := range scenes {
		if err := s.scene(name, frames); err != nil {
			return err
		}
	}
	return nil
}

// bends returns the frames of the turns of the head.
func bends(ctx context.Context, c *cast) (map[string][]*image.RGBA, error) {
	rest := before(c.live, pose{zoom: 1})
	from, err := find(ctx, c.engine, rest)
	if err != nil {
		return nil, err
	}
	all := map[string][]*image.RGBA{}
	for _, t := range turns {
		most, err := t.angle(ctx, c.engine, rest, from)
		if err != nil {
			return nil, err
		}
		for i := range moveFrames {
			a := most * float64(i+1) / moveFrames
			all[t.name] = append(all[t.name], turned(rest, from.Box, a*t.yaw, a*t.pitch))
		}
	}
	return all, nil
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
const moveFrames = 12

// farther is by which factor the box of the face must be seen to grow or to
// shrink; 1.5 is asked for.
const farther = 1.65

// distances returns the frames of coming CLOSER and going AWAY, as far as the
// detector, whose boxes grow less than the face, must see it.
func distances(ctx context.Context, c *cast) (map[string][]*image.RGBA, error) {
	from, err := find(ctx, c.engine, before(c.live, pose{zoom: 1}))
	if err != nil {
		return nil, err
	}
	all := map[string][]*image.RGBA{}
	for name, step := range map[string]float64{"CLOSER": 1.04, "AWAY": 1 / 1.04} {
		zoom := math.Pow(step, 10)
		for grew := 1.; max(grew, 1/grew) < farther; zoom *= step {
			seen, err := find(ctx, c.engine, before(c.live, pose{zoom: zoom}))
			if err != nil {
				return nil, fmt.Errorf("bring a face %s by %.2f: %w", name, zoom, err)
			}
			grew = seen.Box.Height() / from.Box.Height()
		}
		for i := range moveFrames {
			all[name] = append(all[name], before(c.live, pose{zoom: math.Pow(zoom, float64(i+1)/moveFrames)}))
		}
	}
	return all, nil
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
