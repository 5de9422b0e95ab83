package httpapi

import (
	"errors"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/idem-id/idem"
)

// jsonFormat is huma's JSON: duplicate members and invalid UTF-8 are refused on
// the way in, and nothing follows the value.
func jsonFormat() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error { return json.MarshalWrite(w, v, json.Deterministic(true)) },
		Unmarshal: func(data []byte, v any) error {
			if err := json.Unmarshal(data, v, json.RejectUnknownMembers(true)); err != nil {
				return withPointer(err)
			}
			return nil
		},
	}
}

// unmarshal is the same for bodies that huma does not read: it tells the place
// of the fault as an *idem.Error.
func unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	if own := (*idem.Error)(nil); errors.As(err, &own) {
		return own.At(placeOf(err))
	}
	syntax := (*jsontext.SyntacticError)(nil)
	if errors.As(err, &syntax) {
		return idem.Errorf(idem.Invalid, "INVALID_JSON", "the body is not the JSON that is expected: %s", reasonOf(err)).At(placeOf(err))
	}
	return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "%s", reasonOf(err)).At(placeOf(err))
}

// placeOf returns the JSON Pointer of a decoder's error.
func placeOf(err error) string {
	semantic, syntax := (*json.SemanticError)(nil), (*jsontext.SyntacticError)(nil)
	switch {
	case errors.As(err, &semantic):
		return string(semantic.JSONPointer)
	case errors.As(err, &syntax):
		return string(syntax.JSONPointer)
	}
	return ""
}

// reasonOf says what is wrong in words of ours: a decoder's own message may
// quote the value.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "a member is given twice"
	case errors.Is(err, json.ErrUnknownName):
		return "there is no such member here"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it ends too early"
	}
	if semantic := (*json.SemanticError)(nil); errors.As(err, &semantic) {
		return "the value has the wrong type"
	}
	return "the syntax is wrong"
}

// huma passes a decoder's error on as text alone, so the place travels in
// front of it, behind a mark that no message of ours has.
const pointerMark = "\x00"

func withPointer(err error) error {
	return errors.New(pointerMark + placeOf(err) + pointerMark + reasonOf(err))
}

func cutPointer(message string) (pointer, rest string, ok bool) {
	marked, ok := strings.CutPrefix(message, pointerMark)
	if !ok {
		return "", message, false
	}
	pointer, rest, _ = strings.Cut(marked, pointerMark)
	return pointer, rest, true
}
