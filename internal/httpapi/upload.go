package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
)

// Image is a picture in a request: base64 in JSON, a file in a form.
type Image []byte

// maxImage bounds a picture in bytes.
const maxImage = 10 << 20

const base64Encoding = "base64"

// UnmarshalJSONFrom reads base64 of either alphabet, with or without padding
// and data: prefix.
func (i *Image) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	if value.Kind() != '"' {
		return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the picture is a base64 string")
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return err
	}
	*i, err = picture.FromBase64(string(text), maxImage)
	return err
}

// MarshalJSONTo writes the picture's digest instead of its bytes: an Image is
// only ever encoded to tell two requests apart.
func (i Image) MarshalJSONTo(e *jsontext.Encoder) error {
	sum := sha256.Sum256(i)
	return e.WriteToken(jsontext.String(hex.EncodeToString(sum[:])))
}

// Schema documents an Image.
func (Image) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", ContentEncoding: base64Encoding,
		Description: "JPEG, PNG, WebP or HEIC, at most 10 MiB, in base64."}
}

// readPicture reads the body of a request with a picture into v, a pointer to
// a struct: JSON, or a form whose parts are named like the members.
func readPicture(ctx context.Context, v any) error {
	r := requestOf(ctx)
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		return errContentType
	}
	switch kind {
	case "application/json", "":
		return readPictureJSON(r, v)
	case "multipart/form-data":
		return readForm(r.Body, parameters["boundary"], v)
	}
	return errContentType
}

var errContentType = idem.Errorf(idem.Unsupported, "CONTENT_TYPE_UNSUPPORTED", "the body is application/json or multipart/form-data")

func readPictureJSON(r *http.Request, v any) error {
	data, err := readAll(r.Body)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return idem.Errorf(idem.Invalid, "INVALID_JSON", "the body is empty")
	}
	return unmarshal(data, v)
}

// Bounds of forms, besides that of the body.
const (
	maxParts    = 20
	maxTextPart = 64 << 10
	maxJSONPart = 512 << 10 // ten thousand ids and more
)

// readForm reads a form part by part into memory; nothing is written to disk.
func readForm(body io.Reader, boundary string, v any) error {
	if boundary == "" {
		return errForm("the form has no boundary")
	}
	seen := map[string]bool{}
	for reader := multipart.NewReader(body, boundary); ; {
		part, err := reader.NextRawPart()
		if err == io.EOF { // not wrapped: a wrapped one is a damaged form
			_, err = io.Copy(io.Discard, body)
			return err
		}
		if err != nil {
			return formFault(err)
		}
		name := part.FormName()
		again := seen[name]
		if seen[name] = true; len(seen) > maxParts {
			return errForm("the form has too many parts")
		}
		if err := readPart(part, name, again, v); err != nil {
			return err
		}
	}
}

func errForm(message string) *idem.Error {
	return idem.Errorf(idem.Invalid, "INVALID_MULTIPART", "%s", message)
}

// formFault tells a broken form from a body that is too large or too slow.
func formFault(err error) error {
	if fault := bodyFault(err); !errors.Is(fault, errBodyBroken) {
		return fault
	}
	return errForm("the form is damaged").Because(err)
}

// readPart puts one part into the member of the same name: a picture as it is,
// a text as it is, anything else as JSON. Lists of files have a part for each.
func readPart(part *multipart.Part, name string, again bool, v any) error {
	field, ok := memberOf(v, name)
	if !ok {
		return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "there is no such member here").At(name)
	}
	if list, ok := field.Addr().Interface().(partList); ok {
		return list.add(part, name)
	}
	if again {
		return errForm("a part is given twice").At(name)
	}
	switch target := field.Addr().Interface().(type) {
	case *Image:
		data, err := readPartBytes(part, maxImage, picture.ErrTooLarge.At(name))
		*target = data
		return err
	case *string:
		data, err := readPartBytes(part, maxTextPart, errBodyTooLarge.At(name))
		*target = string(data)
		return err
	}
	data, err := readPartBytes(part, maxJSONPart, errBodyTooLarge.At(name))
	if err != nil {
		return err
	}
	return under(name, unmarshal(data, field.Addr().Interface()))
}

func readPartBytes(part io.Reader, limit int64, tooLarge error) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, formFault(err)
	}
	if int64(len(data)) > limit {
		return nil, tooLarge
	}
	return data, nil
}

// under puts the place of a fault below the part that it was found in.
func under(name string, err error) error {
	if e := (*idem.Error)(nil); errors.As(err, &e) {
		return e.At("/" + name + e.Field)
	}
	return err
}

// memberOf finds the field of the struct behind v by its JSON name.
func memberOf(v any, name string) (reflect.Value, bool) {
	at := reflect.ValueOf(v).Elem()
	for i := range at.NumField() {
		tag, _, _ := strings.Cut(at.Type().Field(i).Tag.Get("json"), ",")
		if tag != "" && tag == name {
			return at.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// missing is the refusal of a member that must be there.
func missing(name string) error {
	return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the member is required").At(name)
}

var (
	_ json.UnmarshalerFrom = (*Image)(nil)
	_ json.MarshalerTo     = Image(nil)
)
