package check_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/picture"
)

// A frame's file is kept beside its pixels when it shows just these, and
// nothing but these.
func TestFilesOfFrames(t *testing.T) {
	face := facetest.Picture("ann", 1)
	plain := facetest.JPEG(face)
	commented := append(append(bytes.Clone(plain[:2]), "\xff\xfe\x00\x08secret"...), plain[2:]...)
	var lossless, large bytes.Buffer
	if err := png.Encode(&lossless, face); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&large, image.NewGray(image.Rect(0, 0, 3000, 100)), nil); err != nil {
		t.Fatal(err)
	}
	profile := append([]byte("\xff\xe2\xea\x60ICC_PROFILE\x00"), make([]byte, 60_000-14)...)
	for name, c := range map[string]struct{ file, want []byte }{
		"a camera's JPEG": {plain, plain}, "with metadata": {commented, plain}, "PNG": {lossless.Bytes(), nil}, "shrunk": {large.Bytes(), nil},
		"more bytes than pixels": {append(append(bytes.Clone(plain[:2]), profile...), plain[2:]...), nil},
	} {
		in, err := check.Files{Frames: [][]byte{c.file}}.Evidence(t.Context(), picture.NewDecoder(picture.DefaultLimits(), nil))
		if err != nil || !bytes.Equal(in.Frames[0].JPEG, c.want) {
			t.Errorf("%s: %d bytes kept of %d, want %d, %v", name, len(in.Frames[0].JPEG), len(c.file), len(c.want), err)
		}
	}
}
