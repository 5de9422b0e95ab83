//go:build jp2 && cgo

package picture

/*
#cgo pkg-config: libopenjp2
#include <openjpeg.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const unsigned char *data; OPJ_SIZE_T size, at; } memory;

static OPJ_SIZE_T memory_read(void *to, OPJ_SIZE_T n, void *user) {
	memory *m = user;
	OPJ_SIZE_T left = m->size - m->at;
	if (left == 0) return (OPJ_SIZE_T)-1;
	if (n > left) n = left;
	memcpy(to, m->data + m->at, n);
	m->at += n;
	return n;
}

static OPJ_OFF_T memory_skip(OPJ_OFF_T n, void *user) {
	memory *m = user;
	if (n < 0) return -1;
	OPJ_SIZE_T left = m->size - m->at;
	if ((OPJ_SIZE_T)n > left) n = (OPJ_OFF_T)left;
	m->at += (OPJ_SIZE_T)n;
	return n;
}

static OPJ_BOOL memory_seek(OPJ_OFF_T to, void *user) {
	memory *m = user;
	if (to < 0 || (OPJ_SIZE_T)to > m->size) return OPJ_FALSE;
	m->at = (OPJ_SIZE_T)to;
	return OPJ_TRUE;
}

// decode returns the image of a JP2 file or codestream, NULL for a bad one.
static opj_image_t *decode(const unsigned char *data, OPJ_SIZE_T size, int boxed) {
	memory m = { data, size, 0 };
	opj_image_t *image = NULL;
	opj_dparameters_t parameters;
	opj_codec_t *codec = opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
	opj_stream_t *stream = opj_stream_default_create(OPJ_TRUE);
	OPJ_BOOL ok = codec != NULL && stream != NULL;
	if (stream != NULL) {
		opj_stream_set_user_data(stream, &m, NULL);
		opj_stream_set_user_data_length(stream, size);
		opj_stream_set_read_function(stream, memory_read);
		opj_stream_set_skip_function(stream, memory_skip);
		opj_stream_set_seek_function(stream, memory_seek);
	}
	opj_set_default_decoder_parameters(&parameters);
	ok = ok && opj_setup_decoder(codec, &parameters) && opj_decoder_set_strict_mode(codec, OPJ_TRUE)
		&& opj_read_header(stream, codec, &image) && opj_decode(codec, stream, image) && opj_end_decompress(codec, stream);
	if (stream != NULL) opj_stream_destroy(stream);
	if (codec != NULL) opj_destroy_codec(codec);
	if (!ok && image != NULL) { opj_image_destroy(image); image = NULL; }
	return image;
}
*/
import "C"

import (
	"errors"
	"image"
	"image/color"
	"unsafe"
)

// jp2Built says whether this build decodes JPEG 2000.
const jp2Built = true

// decodeJP2 decodes with OpenJPEG, in C: it belongs into a worker.
func decodeJP2(data []byte) (image.Image, error) {
	boxed := C.int(0)
	if isJP2(data) {
		boxed = 1
	}
	img := C.decode((*C.uchar)(unsafe.Pointer(unsafe.SliceData(data))), C.OPJ_SIZE_T(len(data)), boxed)
	if img == nil {
		return nil, ErrUndecodable
	}
	defer C.opj_image_destroy(img)
	var components []component
	for _, c := range unsafe.Slice(img.comps, int(img.numcomps)) {
		if c.data == nil || c.w == 0 || c.h == 0 || c.prec < 1 || c.prec > 16 {
			return nil, errors.New("component without samples")
		}
		components = append(components, component{unsafe.Slice((*int32)(unsafe.Pointer(c.data)), int(c.w)*int(c.h)), int(c.w), int(c.h), uint(c.prec), c.sgnd != 0})
	}
	return compose(components, img.color_space == C.OPJ_CLRSPC_SYCC)
}

// component is one plane of samples of prec bits, w x h.
type component struct {
	samples []int32
	w, h    int
	prec    uint
	signed  bool
}

// at returns the sample at x, y of a picture of W x H pixels, 0..255.
func (c component) at(x, y, W, H int) uint8 {
	v := c.samples[y*c.h/H*c.w+x*c.w/W]
	if c.signed {
		v += 1 << (c.prec - 1)
	}
	return uint8(min(max(int(v)*255/(1<<c.prec-1), 0), 255))
}

// compose makes a grey picture of one or two components, a coloured one of
// more. Opacity is ignored.
func compose(c []component, ycc bool) (image.Image, error) {
	if len(c) == 0 {
		return nil, errors.New("no components")
	}
	w, h := c[0].w, c[0].h
	if len(c) < 3 {
		img := image.NewGray(image.Rect(0, 0, w, h))
		for i := range img.Pix {
			img.Pix[i] = c[0].at(i%w, i/w, w, h)
		}
		return img, nil
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		x, y := i%w, i/w
		r, g, b := c[0].at(x, y, w, h), c[1].at(x, y, w, h), c[2].at(x, y, w, h)
		if ycc {
			r, g, b = color.YCbCrToRGB(r, g, b)
		}
		copy(img.Pix[4*i:], []uint8{r, g, b, 255})
	}
	return img, nil
}
