//go:build !(zxing && cgo)

package barcode

import (
	"fmt"
	"image"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// native tells whether ZXing-C++ is linked.
const native = false

// scan reads one QR code. A panic of the reader is an error: it meets
// strangers' pixels.
func scan(g *image.Gray, k Kind) (symbols []Symbol, err error) {
	if k != QR {
		return nil, ErrNotOffered
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read a QR code: %v", r)
		}
	}()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(g)
	if err != nil {
		return nil, fmt.Errorf("read a QR code: %w", err)
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil { // no code, or one that does not hold
		return nil, nil
	}
	return []Symbol{{QR, found.GetText(), corners(found.GetResultPoints())}}, nil
}

// corners completes the square: the finder patterns stand at the lower left,
// the upper left and the upper right.
func corners(p []gozxing.ResultPoint) [4]image.Point {
	if len(p) < 3 {
		return [4]image.Point{}
	}
	at := func(i int) image.Point { return image.Pt(int(p[i].GetX()), int(p[i].GetY())) }
	low, first, right := at(0), at(1), at(2)
	return [4]image.Point{first, right, right.Add(low).Sub(first), low}
}
