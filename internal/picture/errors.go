package picture

import "github.com/idem-id/idem"

// The refusals of this package. Returned errors carry more detail and match
// these with errors.Is.
var (
	ErrTooLarge    = idem.Errorf(idem.TooLarge, "IMAGE_TOO_LARGE", "the image is too large")
	ErrUnsupported = idem.Errorf(idem.Unsupported, "IMAGE_TYPE_UNSUPPORTED", "the image must be JPEG, PNG, WebP or HEIC")
	ErrUndecodable = idem.Errorf(idem.Unprocessable, "IMAGE_UNDECODABLE", "the image is damaged or cannot be decoded")
	ErrTooSmall    = idem.Errorf(idem.Unprocessable, "IMAGE_TOO_SMALL", "the image is too small")
	ErrBase64      = idem.Errorf(idem.Invalid, "IMAGE_BASE64_INVALID", "the image is not valid base64")
)

func tooLarge(format string, args ...any) error {
	return idem.Errorf(ErrTooLarge.Kind, ErrTooLarge.Code, format, args...)
}

func tooSmall(format string, args ...any) error {
	return idem.Errorf(ErrTooSmall.Kind, ErrTooSmall.Code, format, args...)
}
