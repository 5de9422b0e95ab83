package flows

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	gojson "github.com/go-json-experiment/json"
	"golang.org/x/text/language"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// The bounds of bodies, in bytes.
const (
	jsonLimit = 64 << 10
	formLimit = 20 << 20
	fileLimit = 10 << 20
	textLimit = 4 << 10
	maxParts  = 64
)

var (
	errJSON     = idem.Errorf(idem.Invalid, "INVALID_JSON", "the body is not valid JSON")
	errForm     = idem.Errorf(idem.Invalid, "INVALID_MULTIPART", "the body is not a valid form")
	errBody     = idem.Errorf(idem.TooLarge, "BODY_TOO_LARGE", "the request body is too large")
	errType     = idem.Errorf(idem.Unsupported, "CONTENT_TYPE_UNSUPPORTED", "evidence comes as multipart/form-data")
	errEncoding = idem.Errorf(idem.Unsupported, "ENCODING_UNSUPPORTED", "compressed bodies are not accepted")
)

func limit(w http.ResponseWriter, r *http.Request, n int64) (io.Reader, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, errEncoding
	}
	if r.ContentLength > n {
		return nil, errBody.With("limit_bytes", n)
	}
	return http.MaxBytesReader(w, r.Body, n), nil
}

// broken classifies what went wrong while a body was read.
func broken(err error, otherwise *idem.Error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return errBody.With("limit_bytes", tooLarge.Limit)
	}
	if known := (*idem.Error)(nil); errors.As(err, &known) {
		return known // the server's own limits, told by the reader
	}
	return otherwise.Because(err)
}

// readJSON reads a body strictly: an unknown member is refused, one that is
// given twice makes the body invalid.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	data, err := readBody(w, r)
	if err != nil {
		return err
	}
	return unmarshal(data, into)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	in, err := limit(w, r, jsonLimit)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, broken(err, errJSON)
	}
	return data, nil
}

func unmarshal(data []byte, into any) error {
	err := gojson.Unmarshal(data, into, gojson.RejectUnknownMembers(true))
	if semantic := (*gojson.SemanticError)(nil); errors.As(err, &semantic) {
		field := strings.TrimPrefix(string(semantic.JSONPointer), "/")
		return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the member is not known or has the wrong type").At(field[:min(len(field), 100)])
	}
	if err != nil {
		return errJSON.Because(err)
	}
	return nil
}

// openForm begins to read a form of at most n bytes.
func openForm(w http.ResponseWriter, r *http.Request, n int64) (*multipart.Reader, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, errType
	}
	in, err := limit(w, r, n)
	if err != nil {
		return nil, err
	}
	return multipart.NewReader(in, parameters["boundary"]), nil
}

// clip shortens what a client wrote to what an answer repeats.
func clip(name string) string { return strings.ToValidUTF8(name[:min(len(name), 100)], "") }

// evidence reads a form: frames with times_ms, pages (frontside_image and
// backside_image likewise) with country or country_code, files of a chip by
// their file names. Without a body there is none.
func (a *api) evidence(w http.ResponseWriter, r *http.Request) (run.Bring, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	reader, err := openForm(w, r, formLimit)
	if err != nil {
		return nil, err
	}
	files := check.Files{Chip: map[string][]byte{}}
	for n := 0; ; n++ {
		part, err := reader.NextRawPart()
		if err == io.EOF { // not wrapped: a wrapped one is a damaged form
			break
		}
		if err != nil || n >= maxParts {
			return nil, broken(err, errForm)
		}
		if err := addPart(&files, part); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) (tech.Evidence, error) { return files.Evidence(ctx, a.Pictures) }, nil
}

func addPart(f *check.Files, part *multipart.Part) error {
	name := part.FormName()
	if slices.Contains(textParts(), name) {
		text, err := readPart(part, textLimit, name)
		if err != nil {
			return err
		}
		if name != "times_ms" {
			f.Country = country(string(text))
			return nil
		}
		f.Times, err = times(text)
		return err
	}
	if !slices.Contains(fileParts(), name) {
		return errPart(name, append(fileParts(), textParts()...)...)
	}
	data, err := readPart(part, fileLimit, name)
	if err != nil {
		return err
	}
	switch name {
	case "frames", "image":
		f.Frames = append(f.Frames, data)
	case "files":
		if _, twice := f.Chip[part.FileName()]; twice || part.FileName() == "" {
			return errForm.At("files")
		}
		f.Chip[part.FileName()] = data
	default:
		f.Pages = append(f.Pages, data)
	}
	return nil
}

func textParts() []string { return []string{"times_ms", "country", "country_code"} }

func fileParts() []string {
	return []string{"frames", "image", "pages", "frontside_image", "backside_image", "files"}
}

// country gives a code of ISO 3166-1 of two letters the three that documents
// bear; what is not of that standard stays as it is.
func country(text string) string {
	text = strings.ToUpper(strings.TrimSpace(text))
	if region, err := language.ParseRegion(text); err == nil && region.IsCountry() {
		return region.ISO3()
	}
	return text
}

func readPart(part io.Reader, n int64, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(part, n+1))
	if err != nil {
		return nil, broken(err, errForm)
	}
	if int64(len(data)) > n {
		return nil, picture.ErrTooLarge.At(name)
	}
	return data, nil
}

// times reads when each frame was taken, in milliseconds: [0, 350, 700].
func times(text []byte) ([]time.Duration, error) {
	var list []int64
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the times are an array of milliseconds").At("times_ms")
	}
	out := make([]time.Duration, len(list))
	for i, ms := range list {
		out[i] = time.Duration(min(max(ms, -maxMillis), maxMillis)) * time.Millisecond
	}
	return out, nil
}

// maxMillis keeps times of strangers within what can be calculated with.
const maxMillis = 1 << 40
