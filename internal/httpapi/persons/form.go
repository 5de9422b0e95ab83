package persons

import (
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"

	"github.com/idem-id/idem/internal/picture"
)

// parts says what a form may hold besides the key: texts, and files of which
// one name may come several times.
type parts struct {
	texts, files []string
	repeated     string
}

func (p parts) isText(name string) bool { return name == "api_key" || slices.Contains(p.texts, name) }

func (p parts) isFile(name string) bool { return slices.Contains(p.files, name) }

// form is what came.
type form struct {
	texts map[string]string
	files map[string][][]byte
}

// file returns the only file of a name, nil without one.
func (f *form) file(name string) []byte {
	if len(f.files[name]) == 0 {
		return nil
	}
	return f.files[name][0]
}

// Bounds of forms, besides that of the body.
const (
	maxText  = 4 << 10
	maxPages = 10
)

// readForm reads a form part by part into memory, and the key that stands in it.
func (r *request) readForm(body io.Reader, p parts) error {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return errContentType
	}
	r.form = &form{map[string]string{}, map[string][][]byte{}}
	for in := multipart.NewReader(body, parameters["boundary"]); ; {
		part, err := in.NextRawPart()
		if err == io.EOF { // not wrapped: a wrapped one is a damaged form
			break
		}
		if err != nil {
			return broken(err, errForm)
		}
		if err := r.form.add(part, part.FormName(), p); err != nil {
			return err
		}
	}
	return r.show(r.form.texts["api_key"])
}

func (f *form) add(part io.Reader, name string, p parts) error {
	_, text := f.texts[name]
	switch {
	case p.isText(name) && !text:
		data, err := readPart(part, maxText, invalid(name, "the text is too long"))
		f.texts[name] = string(data)
		return err
	case p.isFile(name) && (len(f.files[name]) == 0 || name == p.repeated && len(f.files[name]) < maxPages):
		data, err := readPart(part, imageLimit, picture.ErrTooLarge.At(name))
		f.files[name] = append(f.files[name], data)
		return err
	case p.isText(name), p.isFile(name):
		return invalid(name, "the part is given too often")
	}
	return invalid(strings.ToValidUTF8(name[:min(len(name), maxField)], ""), "the part is not known")
}

func readPart(part io.Reader, limit int64, tooLarge error) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, broken(err, errForm)
	}
	if int64(len(data)) > limit {
		return nil, tooLarge
	}
	return data, nil
}
