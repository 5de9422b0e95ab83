package facetest

import (
	"bytes"
	"hash/crc32"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
)

// The pattern: 8 x 8 cells, row by row, most significant bit first. One row of
// marker, four of identity, one of variant, one of kind, one of checksum.
const (
	cells  = 8
	cellPx = 20
	marker = 0b10110010
)

// kind says what a picture shows.
type kind uint8

const (
	portrait kind = iota
	group
	blurred
	tiny
	attack
)

type code struct {
	identity uint32
	variant  uint8
	kind     kind
}

func (c code) rows() [cells]byte {
	r := [cells]byte{marker, byte(c.identity >> 24), byte(c.identity >> 16), byte(c.identity >> 8), byte(c.identity), c.variant, byte(c.kind)}
	r[7] = checksum(r)
	return r
}

func checksum(r [cells]byte) byte { return byte(crc32.ChecksumIEEE(r[:7])) }

// Picture is a portrait of identity; every variant is another photograph of
// the same person (comparison score above 0.8, other identities below 0.3).
func Picture(identity string, variant uint8) image.Image {
	return draw(code{hash(identity), variant, portrait})
}

// Group shows identity among other people: FACE_MULTIPLE.
func Group(identity string) image.Image { return draw(code{hash(identity), 0, group}) }

// Blurred is a portrait of low quality: FACE_LOW_QUALITY.
func Blurred(identity string) image.Image { return draw(code{hash(identity), 0, blurred}) }

// Tiny is a portrait with too few pixels: FACE_TOO_SMALL.
func Tiny(identity string) image.Image { return draw(code{hash(identity), 0, tiny}) }

// Attack is a photograph of a screen that shows identity: a usable face that
// presentation attack detection refuses.
func Attack(identity string) image.Image { return draw(code{hash(identity), 0, attack}) }

// Plain shows nobody: FACE_NOT_FOUND.
func Plain() image.Image {
	img := image.NewGray(image.Rect(0, 0, cells*cellPx, cells*cellPx))
	for i := range img.Pix {
		img.Pix[i] = 128
	}
	return img
}

// JPEG encodes a picture at quality 90.
func JPEG(img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		panic(err) // a picture in memory of a sane size always encodes
	}
	return b.Bytes()
}

func hash(identity string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(identity))
	return h.Sum32()
}

func draw(c code) image.Image {
	img := image.NewGray(image.Rect(0, 0, cells*cellPx, cells*cellPx))
	rows := c.rows()
	for y := range cells * cellPx {
		for x := range cells * cellPx {
			grey := uint8(48)
			if rows[y/cellPx]>>(7-x/cellPx)&1 == 1 {
				grey = 208
			}
			img.SetGray(x, y, color.Gray{Y: grey})
		}
	}
	return img
}

// read returns the code in a picture, false if there is none.
func read(img image.Image) (code, bool) {
	var r [cells]byte
	for y := range cells {
		for x := range cells {
			r[y] = r[y]<<1 | bit(img, x, y)
		}
	}
	if r[0] != marker || r[7] != checksum(r) {
		return code{}, false
	}
	id := uint32(r[1])<<24 | uint32(r[2])<<16 | uint32(r[3])<<8 | uint32(r[4])
	return code{id, r[5], kind(r[6])}, true
}

func bit(img image.Image, x, y int) byte {
	b := img.Bounds()
	px := b.Min.X + (2*x+1)*b.Dx()/(2*cells)
	py := b.Min.Y + (2*y+1)*b.Dy()/(2*cells)
	if color.GrayModel.Convert(img.At(px, py)).(color.Gray).Y >= 128 {
		return 1
	}
	return 0
}
