package picture

import (
	"bytes"
	"image"
	_ "unsafe" // for the linkname below

	"github.com/gen2brain/heic"
)

// heicNative is the switch of package heic that prefers a libheif of the host,
// if there is one, over the sandboxed WebAssembly build that it embeds. The
// package sets it when it is loaded and offers no way to turn it off without a
// build tag, and a plain build must not hand strangers' bytes to native code.
//
//go:linkname heicNative github.com/gen2brain/heic.dynamic
var heicNative bool

// decodeHEIC decodes inside the WebAssembly sandbox. It belongs into a worker:
// the sandbox bounds where a hostile file can write, not what it can use up.
func decodeHEIC(data []byte) (image.Image, error) {
	heicNative = false
	return heic.Decode(bytes.NewReader(data))
}
