package flows_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/flows"
	"github.com/idem-id/idem/internal/httpapi/throttle"
)

func TestLooksAtSessionsAreBounded(t *testing.T) {
	rates := flows.DefaultRates()
	rates[flows.LimitReads] = throttle.Rate{PerSecond: 1, Burst: 2}
	at := time.Unix(0, 0)
	l := flows.NewLimiter(rates, nil, func() time.Time { return at })
	look := func(id string, found error) error {
		r := httptest.NewRequest("GET", "/flow/"+id, nil)
		r.SetPathValue("session_id", id)
		return l.Look(r, func() error { return found })
	}
	known := idem.UUIDv7{}.New()
	if err := errors.Join(look(known, nil), look(known, nil)); err != nil {
		t.Error(err)
	}
	if err := look(known, nil); idem.CodeOf(err) != "RATE_LIMITED" {
		t.Errorf("the third look: %v", err)
	}
	if at = at.Add(time.Second); look(known, nil) != nil {
		t.Error("the limit does not end")
	}
	refused := 0 // an identifier of none costs the address 21 of 300
	for range 30 {
		if idem.CodeOf(look(idem.UUIDv7{}.New(), idem.ErrSessionNotFound)) == "RATE_LIMITED" {
			refused++
		}
	}
	if refused < 10 || refused > 20 {
		t.Errorf("%d of 30 strangers were refused", refused)
	}
}
