package main

import (
	"context"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/capture"
	"github.com/idem-id/idem/internal/httpapi"
)

// capturePages are what persons see who run a session in a browser.
func (a *app) capturePages(refuse func(http.ResponseWriter, *http.Request, error)) httpapi.Dialect {
	return httpapi.Dialect{Refuse: refuse, Routes: func(mux *http.ServeMux, _ httpapi.Authenticate) {
		capture.Routes(mux, capture.Deps{Session: a.hosted, PublicURL: a.config.PublicURL, Refuse: refuse})
	}}
}

func (a *app) hosted(ctx context.Context, id idem.SessionID) (capture.Session, error) {
	s, err := a.flows.State(ctx, id)
	if err != nil {
		return capture.Session{}, err
	}
	return capture.Session{Locale: s.Locale, Ended: s.Usable(time.Now()) != nil}, nil
}

// pageOf is the address of a session's page.
func (c *config) pageOf(id idem.SessionID) string { return c.address() + capture.Path(id) }
