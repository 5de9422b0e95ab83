package picture

import (
	"encoding/base64"
	"strings"
)

// FromBase64 reads an image field: standard or URL alphabet, with or without
// padding, with or without a data: prefix, line breaks ignored. It answers
// ErrTooLarge when more than limit bytes would come out, before decoding, and
// ErrBase64.
func FromBase64(field string, limit int) ([]byte, error) {
	field, err := withoutPrefix(field)
	if err != nil {
		return nil, err
	}
	if len(field) > limit/3*4+limit/32+8 { // room for padding and line breaks
		return nil, tooLarge("the image has more than %d bytes", limit)
	}
	clean := alphabet().Replace(strings.TrimSpace(field))
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(clean, "=") {
		encoding = base64.StdEncoding
	}
	data, err := encoding.DecodeString(clean)
	switch {
	case err != nil:
		return nil, ErrBase64.Because(err)
	case len(data) == 0:
		return nil, ErrBase64
	case len(data) > limit:
		return nil, tooLarge("the image has more than %d bytes", limit)
	}
	return data, nil
}

func alphabet() *strings.Replacer {
	return strings.NewReplacer("-", "+", "_", "/", "\r", "", "\n", "")
}

// withoutPrefix removes "data:<type>;base64,".
func withoutPrefix(field string) (string, error) {
	if len(field) < 5 || !strings.EqualFold(field[:5], "data:") {
		return field, nil
	}
	head, body, ok := strings.Cut(field, ",")
	if !ok || len(head) > 128 || !strings.HasSuffix(strings.ToLower(head), ";base64") {
		return "", ErrBase64
	}
	return body, nil
}
