package status_test

import (
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/status"
)

func TestOf(t *testing.T) {
	want := map[idem.Kind]int{
		idem.Internal: 500, idem.Invalid: 400, idem.Unauthenticated: 401, idem.Forbidden: 403, idem.NotFound: 404,
		idem.Conflict: 409, idem.Precondition: 412, idem.TooLarge: 413, idem.Unsupported: 415, idem.Unprocessable: 422,
		idem.Limited: 429, idem.Unavailable: 503,
	}
	for kind, code := range want {
		if got := status.Of(kind); got != code {
			t.Errorf("kind %d is %d, want %d", kind, got, code)
		}
	}
}
