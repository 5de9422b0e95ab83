//go:build !jp2 || !cgo

package picture

import "image"

// jp2Built says whether this build decodes JPEG 2000.
const jp2Built = false

func decodeJP2([]byte) (image.Image, error) { return nil, ErrUnsupported }
