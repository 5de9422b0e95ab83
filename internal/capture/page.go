package capture

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"github.com/idem-id/idem"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// view is what the templates show.
type view struct {
	Lang, Dir        string
	Locale           string
	Title, NoScript  string
	Text             string // of a page without a session
	Script, Style    string // addresses
	Session          idem.SessionID
	WebView          bool
	HandOver         bool // a phone can be given the address
	Texts, Languages json.RawMessage
}

func (s *server) page(w http.ResponseWriter, r *http.Request) {
	session, id, ok := s.find(w, r)
	if !ok {
		return
	}
	status := http.StatusOK
	if session.Ended {
		status = http.StatusGone
	}
	s.write(w, r, status, id, session)
}

// finished is where a session's page ends: native apps watch for the word in
// the address.
func (s *server) finished(w http.ResponseWriter, r *http.Request) {
	session, id, ok := s.find(w, r)
	if !ok {
		return
	}
	if !session.Ended {
		to := Path(id)
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	s.write(w, r, http.StatusOK, id, session)
}

// find answers itself when there is no such session.
func (s *server) find(w http.ResponseWriter, r *http.Request) (found Session, id idem.SessionID, ok bool) {
	text, valid := idem.ParseID(r.PathValue("session_id"))
	err := error(idem.ErrSessionNotFound)
	if valid {
		id = idem.SessionID(text)
		found, err = s.Session(r, id)
	}
	switch {
	case errors.Is(err, idem.ErrSessionNotFound):
		s.unknown(w, r)
	case err != nil:
		s.Refuse(w, r, err)
	}
	return found, id, err == nil
}

func (s *server) write(w http.ResponseWriter, r *http.Request, status int, id idem.SessionID, session Session) {
	texts := s.Texts.choose(r, session.Locale)
	confine(w.Header(), session.Ancestors)
	_, apart := s.base(r)
	s.render(w, status, "flow.html", view{Lang: texts.lang(), Dir: texts.say("dir"), Locale: texts.locale, Title: texts.say("page.title"), NoScript: texts.say("page.noscript"),
		Script: s.assets.script, Style: s.assets.style, Session: id, WebView: r.URL.Query().Get("web_view") == "true", HandOver: apart == nil,
		Texts: texts.raw, Languages: s.Texts.names})
}

// unknown may be framed by anyone: there is nothing on it to be clicked.
func (s *server) unknown(w http.ResponseWriter, r *http.Request) {
	texts := s.Texts.choose(r, "")
	confine(w.Header(), []string{"*"})
	s.render(w, http.StatusNotFound, "unknown.html", view{Lang: texts.lang(), Dir: texts.say("dir"), Style: s.assets.style,
		Title: texts.say("unknown.title"), Text: texts.say("unknown.text")})
}

func (s *server) render(w http.ResponseWriter, status int, name string, v view) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, v); err != nil {
		panic(fmt.Sprintf("render %s: %v", name, err)) // the templates are ours
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
