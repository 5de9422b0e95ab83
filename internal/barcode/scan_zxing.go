//go:build zxing && cgo

package barcode

// #cgo CXXFLAGS: -std=c++17 -O2
// #cgo LDFLAGS: -lZXing -lstdc++
// #include <stdlib.h>
// #include "zxing.h"
import "C"

import (
	"errors"
	"image"
	"strings"
	"unsafe"
)

// native tells whether ZXing-C++ is linked.
const native = true

// scan reads the codes of one kind with ZXing-C++.
func scan(g *image.Gray, k Kind) ([]Symbol, error) {
	var found [maxSymbols]C.idem_symbol
	pdf417 := C.int(0)
	if k == PDF417 {
		pdf417 = 1
	}
	n := C.idem_scan((*C.uchar)(unsafe.SliceData(g.Pix)), C.int(g.Rect.Dx()), C.int(g.Rect.Dy()), pdf417, &found[0], maxSymbols)
	if n < 0 {
		return nil, errors.New("ZXing failed")
	}
	symbols := make([]Symbol, n)
	for i := range symbols {
		symbols[i] = symbolOf(&found[i], k)
		C.free(unsafe.Pointer(found[i].text))
	}
	return symbols, nil
}

func symbolOf(s *C.idem_symbol, k Kind) Symbol {
	out := Symbol{Kind: k, Text: strings.ToValidUTF8(C.GoStringN(s.text, s.length), "\ufffd")}
	for i := range out.Corners {
		out.Corners[i] = image.Pt(int(s.corners[2*i]), int(s.corners[2*i+1]))
	}
	return out
}
