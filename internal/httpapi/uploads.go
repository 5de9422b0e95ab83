package httpapi

import (
	"fmt"
	"mime/multipart"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
)

// partList is a member that takes a part of a form for each of its files.
type partList interface {
	add(part *multipart.Part, name string) error
}

// maxFiles bounds the files of one list.
const maxFiles = 64

var errManyFiles = idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "at most %d files", maxFiles)

// Images is a list of pictures: an array in JSON, a part for each in a form.
type Images []Image

func (l *Images) add(part *multipart.Part, name string) error {
	at := fmt.Sprintf("%s[%d]", name, len(*l))
	if len(*l) >= maxFiles {
		return errManyFiles.At(name)
	}
	data, err := readPartBytes(part, maxImage, picture.ErrTooLarge.At(at))
	*l = append(*l, data)
	return err
}

// UnmarshalJSONFrom reads an array and refuses a long one before its end.
func (l *Images) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return readList(d, '[', func() error {
		*l = append(*l, nil)
		return json.UnmarshalDecode(d, &(*l)[len(*l)-1])
	})
}

func (l Images) bytes() [][]byte {
	out := make([][]byte, len(l))
	for i, data := range l {
		out[i] = data
	}
	return out
}

// File is a file of a chip in a request.
type File []byte

// maxFile bounds a file of a chip in bytes.
const maxFile = 2 << 20

// UnmarshalJSONFrom reads base64 as an Image does.
func (f *File) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var data Image
	if err := data.UnmarshalJSONFrom(d); err != nil {
		return err
	}
	if len(data) > maxFile {
		return errFileTooLarge
	}
	*f = File(data)
	return nil
}

var errFileTooLarge = idem.Errorf(idem.TooLarge, "CHIP_FILE_TOO_LARGE", "a file has at most %d bytes", maxFile)

// Schema documents a File.
func (File) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", ContentEncoding: base64Encoding, Description: "At most 2 MiB, in base64."}
}

// Files is files by name: an object in JSON; in a form a part for each, whose
// file name counts.
type Files map[string]File

func (m *Files) add(part *multipart.Part, name string) error {
	if *m == nil {
		*m = Files{}
	}
	file := part.FileName()
	switch _, twice := (*m)[file]; {
	case file == "":
		return errForm("a file has no name").At(name)
	case twice:
		return errForm("a file is given twice").At(name)
	case len(*m) >= maxFiles:
		return errManyFiles.At(name)
	}
	data, err := readPartBytes(part, maxFile, errFileTooLarge.At(name))
	(*m)[file] = data
	return err
}

// UnmarshalJSONFrom reads an object and refuses a long one before its end.
func (m *Files) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*m = Files{}
	return readList(d, '{', func() error {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String() // before the decoder goes on
		var f File
		if err := json.UnmarshalDecode(d, &f); err != nil {
			return err
		}
		(*m)[key] = f
		return nil
	})
}

func (m Files) bytes() map[string][]byte {
	out := make(map[string][]byte, len(m))
	for name, data := range m {
		out[name] = data
	}
	return out
}

// readList reads an array or object, calling next for each of its elements.
func readList(d *jsontext.Decoder, open jsontext.Kind, next func() error) error {
	if d.PeekKind() != open {
		if err := d.SkipValue(); err != nil {
			return err
		}
		return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the member is a list of files")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for n := 0; d.PeekKind() != ']' && d.PeekKind() != '}'; n++ {
		if n >= maxFiles {
			return errManyFiles
		}
		if err := next(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

var (
	_ json.UnmarshalerFrom = (*Images)(nil)
	_ json.UnmarshalerFrom = (*Files)(nil)
	_ partList             = (*Images)(nil)
	_ partList             = (*Files)(nil)
)
