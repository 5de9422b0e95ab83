package persons

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/idem-id/idem"
)

// The limits of bodies in bytes: with one picture, of a batch, without any.
const (
	bodyLimit  = 20 << 20
	batchLimit = 64 << 20
	smallLimit = 1 << 20
)

// authenticate reads the body, finds the key and asks who shows it. With the
// key in the header nothing of a stranger's body is read.
func (a *api) authenticate(w http.ResponseWriter, r *http.Request, rt route) (*request, error) {
	req := &request{Request: r, secret: r.Header.Get("X-API-Key")}
	if err := checkHeader(r, rt.limit); err != nil {
		return nil, err
	}
	var err error
	if req.secret != "" {
		if req.principal, err = a.Authenticate(r.Context(), idem.CredentialPersons, req.secret); err != nil {
			return nil, err
		}
	}
	if err = req.take(w, rt); err != nil {
		return nil, err
	}
	switch {
	case req.secret == "":
		return nil, errKeyMissing
	case req.principal.Org == "":
		req.principal, err = a.Authenticate(r.Context(), idem.CredentialPersons, req.secret)
	}
	return req, err
}

func checkHeader(r *http.Request, limit int64) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return errEncoding
	}
	if limit > 0 && r.ContentLength > limit {
		return errBodySize.With("limit_bytes", limit)
	}
	return nil
}

// take reads the body as the route wants it.
func (r *request) take(w http.ResponseWriter, rt route) error {
	switch {
	case rt.parts != nil:
		return r.readForm(http.MaxBytesReader(w, r.Body, rt.limit), *rt.parts)
	case rt.limit > 0:
		return r.read(http.MaxBytesReader(w, r.Body, rt.limit))
	}
	return nil
}

// read takes a JSON body in, and the key that stands in it.
func (r *request) read(body io.Reader) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return broken(err, errInvalidJSON)
	}
	r.body = data
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	key, err := keyMember(data)
	if err != nil {
		return err
	}
	return r.show(key)
}

// broken says why a body could not be read: it is too large, the server's own
// limits say so, or it ended early.
func broken(err error, early *idem.Error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return errBodySize.With("limit_bytes", tooLarge.Limit)
	}
	if known := (*idem.Error)(nil); errors.As(err, &known) {
		return known
	}
	return idem.Errorf(idem.Invalid, early.Code, "the body ended early").Because(err)
}

// show compares the key of a body with that of the header.
func (r *request) show(key string) error {
	if key == "" {
		return nil
	}
	if r.secret != "" && r.secret != key {
		return errAmbiguous
	}
	r.secret = key
	return nil
}

// keyMember returns the member api_key of a body, "" without one, and refuses
// what is not JSON as a whole.
func keyMember(data []byte) (key string, err error) {
	in := jsontext.NewDecoder(bytes.NewBuffer(data))
	if in.PeekKind() != '{' {
		return "", wholeValue(in)
	}
	if _, err := in.ReadToken(); err != nil {
		return "", badJSON(err)
	}
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			return "", badJSON(err)
		}
		if name.String() == "api_key" && in.PeekKind() == '"' {
			value, err := in.ReadToken()
			if err != nil {
				return "", badJSON(err)
			}
			key = value.String()
			continue
		}
		if err := in.SkipValue(); err != nil {
			return "", badJSON(err)
		}
	}
	if _, err := in.ReadToken(); err != nil {
		return "", badJSON(err)
	}
	return key, atEnd(in)
}

func wholeValue(in *jsontext.Decoder) error {
	if err := in.SkipValue(); err != nil {
		return badJSON(err)
	}
	return atEnd(in)
}

func atEnd(in *jsontext.Decoder) error {
	if _, err := in.ReadToken(); err != io.EOF {
		return badJSON(err)
	}
	return nil
}

func badJSON(err error) error {
	e := errInvalidJSON.Because(err)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		e.Message = "a member is given twice"
	}
	if s := (*jsontext.SyntacticError)(nil); errors.As(err, &s) {
		e.Field = fieldOf(s.JSONPointer)
		e.Details = map[string]any{"offset": s.ByteOffset}
	}
	return e
}

// decode reads a body strictly into a wire struct.
func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(true))
	semantic := (*json.SemanticError)(nil)
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &semantic):
		return badJSON(err)
	}
	field := fieldOf(semantic.JSONPointer)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return invalid(field, "the member is not known")
	case field == "":
		return invalid(field, "the body must be an object")
	}
	return invalid(field, "the member has the wrong type")
}

// decodeOptional is decode for a body that may be left out.
func decodeOptional(data []byte, into any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	return decode(data, into)
}

// fieldOf writes a JSON pointer the way this API names fields: a.b[2].c.
func fieldOf(p jsontext.Pointer) string {
	var out strings.Builder
	for token := range p.Tokens() {
		switch {
		case token != "" && strings.Trim(token, "0123456789") == "" && out.Len() > 0:
			fmt.Fprintf(&out, "[%s]", token)
		case out.Len() > 0:
			out.WriteString("." + token)
		default:
			out.WriteString(token)
		}
	}
	return strings.ToValidUTF8(out.String()[:min(out.Len(), maxField)], "")
}

// maxField bounds what an answer repeats of a stranger's member names.
const maxField = 200

// required returns the value of a member that must be there.
func required[T any](value *T, field string) (T, error) {
	if value == nil {
		var zero T
		return zero, invalid(field, "the member is required")
	}
	return *value, nil
}
