package recent

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"image"
)

// print tells pictures apart by all of their pixels.
type print struct {
	kind    kind
	bounds  image.Rectangle
	strides [2]int
	ratio   image.YCbCrSubsampleRatio
	planes  [3][16]byte
}

type kind uint8

const (
	yCbCr kind = iota + 1
	gray
	rgba
)

// printer hashes pixels with GHASH under a key that nobody knows: a universal
// hash, by which two pictures of 10 MB agree with a probability of 2⁻¹⁰⁸
// whoever chose them, at five times the speed of SHA-256. No hash leaves the
// process, so the one nonce is no weakness.
type printer struct {
	gcm   cipher.AEAD
	nonce []byte
}

func newPrinter() printer {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails
	block, err := aes.NewCipher(key[:])
	if err == nil {
		var gcm cipher.AEAD
		if gcm, err = cipher.NewGCM(block); err == nil {
			return printer{gcm, make([]byte, gcm.NonceSize())}
		}
	}
	panic(err) // only for a key or a block of another size
}

// of prints a picture of the kinds that decoders give; ok is false for others.
func (p printer) of(img image.Image) (out print, ok bool) {
	switch m := img.(type) {
	case *image.YCbCr:
		return print{kind: yCbCr, bounds: m.Rect, strides: [2]int{m.YStride, m.CStride}, ratio: m.SubsampleRatio,
			planes: [3][16]byte{p.hash(m.Y), p.hash(m.Cb), p.hash(m.Cr)}}, true
	case *image.Gray:
		return print{kind: gray, bounds: m.Rect, strides: [2]int{m.Stride}, planes: [3][16]byte{p.hash(m.Pix)}}, true
	case *image.RGBA:
		return print{kind: rgba, bounds: m.Rect, strides: [2]int{m.Stride}, planes: [3][16]byte{p.hash(m.Pix)}}, true
	}
	return out, false
}

func (p printer) hash(plane []byte) (sum [16]byte) {
	p.gcm.Seal(sum[:0], p.nonce, nil, plane)
	return sum
}
