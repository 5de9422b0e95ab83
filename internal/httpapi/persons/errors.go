package persons

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strconv"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/status"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/store"
)

// The refusals of the dialect itself.
var (
	errInvalidJSON = idem.Errorf(idem.Invalid, "INVALID_JSON", "the body is not valid JSON")
	errForm        = idem.Errorf(idem.Invalid, "INVALID_FORM", "the body is not a valid form")
	errContentType = idem.Errorf(idem.Unsupported, "CONTENT_TYPE_UNSUPPORTED", "the body is multipart/form-data here")
	errAmbiguous   = idem.Errorf(idem.Invalid, "AMBIGUOUS_CREDENTIALS", "api_key and X-API-Key differ")
	errCursor      = idem.Errorf(idem.Invalid, "INVALID_CURSOR", "the cursor does not belong to this list").At("cursor")
	errKeyMissing  = idem.Errorf(idem.Unauthenticated, "API_KEY_MISSING", "the request carries no API key")
	errBodySize    = idem.Errorf(idem.TooLarge, "BODY_TOO_LARGE", "the request body is too large")
	errBatchSize   = idem.Errorf(idem.TooLarge, "BATCH_TOO_LARGE", "a batch has at most %d items", maxBatch).At("items")
	errEncoding    = idem.Errorf(idem.Unsupported, "ENCODING_UNSUPPORTED", "compressed bodies are not accepted")
	errMethod      = idem.Errorf(idem.Invalid, "METHOD_NOT_ALLOWED", "the path does not have this method")
	errNoRoute     = idem.Errorf(idem.NotFound, "NOT_FOUND", "no such path")
	errBusy        = idem.Errorf(idem.Limited, "RATE_LIMITED", "too many batches are under way")
	errInternal    = idem.Errorf(idem.Internal, "INTERNAL", "an internal error occurred")
	errTimeout     = idem.Errorf(idem.Unavailable, "TIMEOUT", "the request took too long")
)

// invalid is VALIDATION_FAILED at a field.
func invalid(field, format string, args ...any) error {
	return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", format, args...).At(field)
}

// errorBody is the shape of every refusal.
type errorBody struct {
	Error errorMember `json:"error"`
}

type errorMember struct {
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Field   *string        `json:"field"`
	Details map[string]any `json:"details"`
}

// writeError answers with a refusal; what nobody classified is logged and
// answered with 500.
func (a *api) writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := translate(err)
	if e.Kind == idem.Internal {
		id := a.requestID(w, r)
		if err != errInternal {
			a.Log.ErrorContext(r.Context(), "request failed", slog.String("request_id", id), slog.Any("error", err))
		}
		e = errInternal.With("request_id", id)
	}
	header := map[string]string{}
	if e.Kind == idem.Limited || e.Kind == idem.Unavailable {
		header["Retry-After"] = retryAfter(e)
	}
	if e.Kind == idem.TooLarge {
		header["Connection"] = "close"
	}
	_ = send(w, statusOf(e), "application/json", encode(bodyOf(e)), header)
}

// statusOf differs from the other APIs in a stale version, a wrong method and
// what is gone.
func statusOf(e *idem.Error) int {
	switch {
	case e.Code == errMethod.Code:
		return http.StatusMethodNotAllowed
	case e.Kind == idem.Precondition:
		return http.StatusConflict
	case e.Code == idem.ErrFlowDeleted.Code, e.Code == idem.ErrSessionExpired.Code:
		return http.StatusGone
	}
	return status.Of(e.Kind)
}

func bodyOf(e *idem.Error) errorBody {
	out := errorMember{Code: e.Code, Message: e.Message, Details: scored(e.Details)}
	if e.Field != "" {
		out.Field = &e.Field
	}
	return errorBody{out}
}

// fieldNames gives the registry's fields the names of this API.
var fieldNames = map[string]string{"photo": "image_b64"}

// translate finds the refusal in an error, in this API's codes.
func translate(err error) *idem.Error {
	e := (*idem.Error)(nil)
	switch {
	case errors.Is(err, store.ErrCursor):
		return errCursor
	case errors.Is(err, picture.ErrBase64):
		return idem.Errorf(idem.Unprocessable, picture.ErrUndecodable.Code, "the image is not valid base64").At("image_b64")
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errTimeout
	}
	return errInternal.Because(err)
}

func retryAfter(e *idem.Error) string {
	switch n := e.Details["retry_after"].(type) {
	case int:
		return strconv.Itoa(n)
	case string:
		return n
	}
	return "1"
}

// requestID returns the identifier that an outer handler chose, the client's,
// or a fresh one, and shows it in the answer.
func (a *api) requestID(w http.ResponseWriter, r *http.Request) string {
	id := w.Header().Get("X-Request-Id")
	if id == "" {
		id = r.Header.Get("X-Request-Id")
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`).MatchString(id) {
		id = a.IDs.New()
	}
	w.Header().Set("X-Request-Id", id)
	return id
}

// itemError is a refusal inside a batch.
func itemError(err error, index int) (int, errorMember) {
	e := translate(err)
	if e.Kind == idem.Internal {
		e = errInternal
	}
	if e.Field != "" {
		e = e.At(fmt.Sprintf("items[%d].%s", index, cmp.Or(fieldNames[e.Field], e.Field)))
	}
	return statusOf(e), bodyOf(e).Error
}

// scored renders the comparison scores of named persons as this API does: as
// decimal strings.
func scored(details map[string]any) map[string]any {
	persons, ok := details["persons"].([]map[string]any)
	if !ok {
		return details
	}
	out := maps.Clone(details)
	rendered := make([]map[string]any, len(persons))
	for i, p := range persons {
		rendered[i] = maps.Clone(p)
		if s, ok := p["score"].(float64); ok {
			rendered[i]["score"] = score(s)
		}
	}
	out["persons"] = rendered
	return out
}
