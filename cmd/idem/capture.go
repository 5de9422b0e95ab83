package main

import (
	"context"
	"net/http"

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
	h, err := a.flows.Hosted(ctx, id)
	return capture.Session{Locale: h.Locale, Ended: h.Ended, Ancestors: h.FrameAncestors}, err
}

// pageOf is the address of a session's page.
func (c *config) pageOf(id idem.SessionID) string { return c.address() + capture.Path(id) }
