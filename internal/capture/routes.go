package capture

import (
	"net/http"
	"net/url"

	"github.com/idem-id/idem"
)

// Session is what a page needs to know of its session.
type Session struct {
	Locale string // of the session, "" for the browser's own
	Ended  bool   // by result or by time
	// Ancestors are the origins that may show the page in a frame, besides the
	// page's own: https://shop.example.
	Ancestors []string
}

// Deps is what the pages stand on.
type Deps struct {
	// Session answers idem.ErrSessionNotFound for an identifier that is none,
	// and may refuse who asks too often. The path has the identifier as session_id.
	Session func(r *http.Request, id idem.SessionID) (Session, error)
	// PublicURL is what people outside call this server. Without it codes lead
	// to the host that a request names, if that is surely not a stranger's.
	PublicURL string
	// Listen is the host and port that the server was told to listen on; empty
	// names none.
	Listen string
	// Texts are the languages of the pages.
	Texts *Catalogue
	// Refuse answers with what went wrong here.
	Refuse func(http.ResponseWriter, *http.Request, error)
}

type server struct {
	Deps
	assets assets
}

// Routes registers the pages on a mux. It panics when what the binary carries
// is damaged.
func Routes(mux *http.ServeMux, d Deps) {
	s := &server{d, loadAssets()}
	mux.HandleFunc("GET /flow/{session_id}", s.page)
	mux.HandleFunc("GET /flow/{session_id}/{$}", s.page)
	mux.HandleFunc("GET /flow/{session_id}/finished", s.finished)
	mux.HandleFunc("GET /flow/{session_id}/qr.svg", s.code)
	mux.HandleFunc("GET /capture/{asset}", s.assets.serve)
	mux.HandleFunc("GET /widget/flow-widget.umd.js", s.assets.widget)
}

// Path is where the page of a session stands.
func Path(id idem.SessionID) string { return "/flow/" + url.PathEscape(string(id)) }
