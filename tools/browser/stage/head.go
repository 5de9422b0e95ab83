package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/match"
	"golang.org/x/image/draw"
)

// portraitSide is how wide a portrait is in the frame, in pixels: its face has
// about 0.4 of the frame's height, from where it can come closer and go away.
const portraitSide = 560

// pose is how somebody is in front of the camera.
type pose struct {
	zoom   float64 // 1 at the start
	dx, dy int     // pixels
}

// before puts somebody in front of the camera, on a blurred ground of the
// portrait's own colours.
func before(portrait image.Image, p pose) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, frameWidth, frameHeight))
	ground := image.NewRGBA(image.Rect(0, 0, 8, 8))
	draw.BiLinear.Scale(ground, ground.Rect, portrait, portrait.Bounds(), draw.Src, nil)
	draw.CatmullRom.Scale(im, im.Rect, ground, ground.Rect, draw.Src, nil)
	cut := scaled(portrait, int(portraitSide*p.zoom))
	at := cut.Rect.Add(middle(cut).Add(image.Pt(p.dx, p.dy)))
	draw.DrawMask(im, at, cut, image.Point{}, feather(cut.Rect.Dx(), cut.Rect.Dy()), image.Point{}, draw.Over)
	return im
}

// scaled returns a portrait so many pixels wide.
func scaled(portrait image.Image, w int) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, w, w*portrait.Bounds().Dy()/portrait.Bounds().Dx()))
	draw.CatmullRom.Scale(im, im.Rect, portrait, portrait.Bounds(), draw.Src, nil)
	return im
}

// middle is where a picture begins that stands in the middle of the frame.
func middle(im image.Image) image.Point {
	return image.Pt((frameWidth-im.Bounds().Dx())/2, (frameHeight-im.Bounds().Dy())/2)
}

// feather is a mask that fades towards its border.
func feather(w, h int) *image.Alpha {
	m := image.NewAlpha(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			inside := min(x, w-1-x, y, h-1-y)
			m.Pix[y*m.Stride+x] = uint8(min(255, 255*8*inside/w))
		}
	}
	return m
}

// The ellipsoid that a face is bent on, as shares of its box, and how soon its
// border holds still. These were found by trying which the pose network follows.
const (
	reachX   = .6
	reachY   = .6
	holdFast = 5
)

// turned bends a picture as if the face in the box were the front of an
// ellipsoid that turns by so many degrees.
func turned(im *image.RGBA, b face.Box, yaw, pitch float64) *image.RGBA {
	out := image.NewRGBA(im.Rect)
	copy(out.Pix, im.Pix)
	c, rx, ry := b.Centre(), reachX*b.Width(), reachY*b.Height()
	yaw, pitch = yaw*math.Pi/180, pitch*math.Pi/180
	for y := max(0, int(c.Y-ry)); y < min(im.Rect.Max.Y, int(c.Y+ry)); y++ {
		for x := max(0, int(c.X-rx)); x < min(im.Rect.Max.X, int(c.X+rx)); x++ {
			u, v := (float64(x)-c.X)/rx, (float64(y)-c.Y)/ry
			r := math.Hypot(u, v)
			if r >= 1 {
				continue
			}
			z, hold := math.Sqrt(1-r*r), smooth(holdFast*(1-r)) // the border stays where it is
			u = u*math.Cos(yaw*hold) + z*math.Sin(yaw*hold)
			v = v*math.Cos(pitch*hold) + z*math.Sin(pitch*hold)
			out.SetRGBA(x, y, pixel(im, c.X+u*rx, c.Y+v*ry))
		}
	}
	return out
}

// straightened returns a portrait that looks into the camera as far as bending
// makes it. Of a portrait that looks aside a frame on the way of a move would
// be the best one, which the technology compares all others with.
func straightened(ctx context.Context, e *ort.Engine, portrait image.Image) (image.Image, error) {
	from, err := find(ctx, e, before(portrait, pose{zoom: 1}))
	if err != nil {
		return nil, err
	}
	plain := scaled(portrait, portraitSide)
	at := middle(plain)
	box := face.Box{X0: from.Box.X0 - float64(at.X), Y0: from.Box.Y0 - float64(at.Y), X1: from.Box.X1 - float64(at.X), Y1: from.Box.Y1 - float64(at.Y)}
	best, most := plain, merit(from)
	for yaw := -20.; yaw <= 20; yaw += 5 {
		for pitch := -20.; pitch <= 20; pitch += 5 {
			im := turned(plain, box, yaw, pitch)
			seen, err := find(ctx, e, before(im, pose{zoom: 1}))
			if err != nil && !errors.Is(err, errNoFace) {
				return nil, err
			}
			if err == nil && merit(seen) > most {
				best, most = im, merit(seen)
			}
		}
	}
	return best, nil
}

// merit is by what the technology chooses the best frame.
func merit(f *face.Face) float64 {
	return f.Quality.Score - math.Abs(f.Pose.Yaw) - math.Abs(f.Pose.Pitch)
}

func smooth(x float64) float64 {
	x = min(1, max(0, x))
	return x * x * (3 - 2*x)
}

// turn is a move of the head: in which direction the frame is bent, and how far
// the estimated pose must follow, in degrees.
type turn struct {
	name       string
	yaw, pitch float64
	least      float64
}

// The technology asks for 18 and 12 degrees; some are added, because the
// estimate of a frame differs from the one before.
var turns = []turn{{"LEFT", -1, 0, 24}, {"RIGHT", 1, 0, 24}, {"UP", 0, 1, 15}, {"DOWN", 0, -1, 15}}

// angle looks for the degrees by which a frame must be bent: the second of the
// angles at which the move is seen and the face is still its owner's.
func (t turn) angle(ctx context.Context, e *ort.Engine, rest *image.RGBA, from *face.Face) (float64, error) {
	var good []float64
	for a := 10.; a <= 50; a += 2.5 {
		seen, err := find(ctx, e, turned(rest, from.Box, a*t.yaw, a*t.pitch))
		if err != nil && !errors.Is(err, errNoFace) {
			return 0, err
		}
		if err == nil && t.shown(from, seen) {
			good = append(good, a)
		}
	}
	if len(good) < 3 {
		return 0, fmt.Errorf("bend a face %s: the estimated pose follows at %v degrees only", t.name, good)
	}
	return good[1], nil
}

// alike is the comparison score from which on two frames show one person; the
// technology asks for 0.42 of faces that look into the camera.
const alike = .5

func (t turn) shown(from, seen *face.Face) bool {
	yaw, pitch := seen.Pose.Yaw-from.Pose.Yaw, seen.Pose.Pitch-from.Pose.Pitch
	along, across := yaw*t.yaw+pitch*t.pitch, math.Abs(yaw*t.pitch+pitch*t.yaw)
	size := seen.Box.Height() / from.Box.Height()
	score, err := match.Score(*seen.Template, *from.Template)
	return err == nil && score >= alike && along >= t.least && along > 1.2*across && size > .75 && size < 1.3
}

var errNoFace = errors.New("not one face in the picture")

// find looks for the face as the page sends it, at half the size; the box is in
// pixels of the frame.
func find(ctx context.Context, e *ort.Engine, im *image.RGBA) (*face.Face, error) {
	half := image.NewRGBA(image.Rect(0, 0, frameWidth/2, frameHeight/2))
	draw.ApproxBiLinear.Scale(half, half.Rect, im, im.Rect, draw.Src, nil)
	seen, err := e.Analyse(ctx, half, face.Everything)
	if err != nil {
		return nil, err
	}
	if seen.Faces != 1 || seen.Primary == nil || seen.Primary.Template == nil {
		return nil, errNoFace
	}
	b := seen.Primary.Box
	seen.Primary.Box = face.Box{X0: 2 * b.X0, Y0: 2 * b.Y0, X1: 2 * b.X1, Y1: 2 * b.Y1}
	return seen.Primary, nil
}
