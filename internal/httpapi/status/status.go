// Package status is the one place that knows which HTTP status code stands for
// which kind of refusal. It owns no wording and no body: each dialect has its
// own shape, and a dialect whose guide says otherwise about one kind (a stale
// version is 409 in the Persons API) overrides that kind itself.
package status

import (
	"net/http"

	"github.com/idem-id/idem"
)

// Of returns the HTTP status code (RFC 9110 section 15) of a kind.
func Of(kind idem.Kind) int {
	switch kind {
	case idem.Invalid:
		return http.StatusBadRequest
	case idem.Unauthenticated:
		return http.StatusUnauthorized
	case idem.Forbidden:
		return http.StatusForbidden
	case idem.NotFound:
		return http.StatusNotFound
	case idem.Conflict:
		return http.StatusConflict
	case idem.Precondition:
		return http.StatusPreconditionFailed
	case idem.TooLarge:
		return http.StatusRequestEntityTooLarge
	case idem.Unsupported:
		return http.StatusUnsupportedMediaType
	case idem.Unprocessable:
		return http.StatusUnprocessableEntity
	case idem.Limited:
		return http.StatusTooManyRequests
	case idem.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
