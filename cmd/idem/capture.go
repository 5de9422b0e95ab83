package main

import (
	"net/http"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/capture"
	"github.com/idem-id/idem/internal/httpapi"
)

// capturePages are what persons see who run a session in a browser.
func (a *app) capturePages(refuse func(http.ResponseWriter, *http.Request, error)) httpapi.Dialect {
	return httpapi.Dialect{Refuse: refuse, Routes: func(mux *http.ServeMux, _ httpapi.Authenticate) {
		capture.Routes(mux, capture.Deps{Session: a.hosted, PublicURL: a.config.PublicURL, Listen: a.config.Listen, Texts: a.texts, Refuse: refuse})
	}}
}

// hosted looks at a session within the limits of its clients.
func (a *app) hosted(r *http.Request, id idem.SessionID) (out capture.Session, err error) {
	err = a.limiter.Look(r, func() error {
		h, err := a.flows.Hosted(r.Context(), id)
		out = capture.Session{Locale: h.Locale, Ended: h.Ended, Ancestors: h.FrameAncestors}
		return err
	})
	return out, err
}

// pageOf is the address of a session's page.
func (c *config) pageOf(id idem.SessionID) string { return c.address() + capture.Path(id) }
