package capture_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/capture"
)

// The sessions of these tests.
const (
	running  = "0b5a2a52-8c5f-4c7e-9a53-0d6ce2c1a001"
	ended    = "0b5a2a52-8c5f-4c7e-9a53-0d6ce2c1a002"
	embedded = "0b5a2a52-8c5f-4c7e-9a53-0d6ce2c1a003"
	broken   = "0b5a2a52-8c5f-4c7e-9a53-0d6ce2c1a004"
	unknown  = "0b5a2a52-8c5f-4c7e-9a53-0d6ce2c1a009"
)

func sessions(_ *http.Request, id idem.SessionID) (capture.Session, error) {
	switch id {
	case running:
		return capture.Session{Locale: "ru"}, nil
	case ended:
		return capture.Session{Ended: true}, nil
	case embedded:
		return capture.Session{Ancestors: []string{"https://shop.example", "https://*.bank.example"}}, nil
	case broken:
		return capture.Session{}, errors.New("no database")
	}
	return capture.Session{}, idem.ErrSessionNotFound
}

func serve(publicURL string) http.Handler {
	mux := http.NewServeMux()
	own, err := capture.LoadTexts("testdata/none")
	if err != nil {
		panic(err)
	}
	capture.Routes(mux, capture.Deps{Session: sessions, PublicURL: publicURL, Listen: "id.example:8080", Texts: own, Refuse: func(w http.ResponseWriter, _ *http.Request, err error) {
		if idem.CodeOf(err) == "PUBLIC_URL_MISSING" {
			w.WriteHeader(http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}})
	return mux
}

func get(t *testing.T, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	w.Header().Set("X-Frame-Options", "DENY") // as the server does before any handler
	serve("").ServeHTTP(w, r)
	return w
}

func TestStatusTellsWhatBecameOfTheSession(t *testing.T) {
	for path, want := range map[string]int{
		"/flow/" + running: 200, "/flow/" + running + "/": 200, "/flow/" + running + "/finished": 303,
		"/flow/" + ended: 410, "/flow/" + ended + "/finished": 200,
		"/flow/" + unknown: 404, "/flow/" + unknown + "/finished": 404, "/flow/" + unknown + "/qr.svg": 404, "/flow/nonsense": 404,
		"/flow/" + broken: 500,
	} {
		if got := get(t, path).Code; got != want {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
	if to := get(t, "/flow/"+running+"/finished?locale=en").Header().Get("Location"); to != "/flow/"+running+"?locale=en" {
		t.Errorf("redirected to %s", to)
	}
}

func TestPageMayDoLittle(t *testing.T) {
	h := get(t, "/flow/"+running).Header()
	csp := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "frame-ancestors 'self'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("%q lacks %q", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("unsafe: %s", csp)
	}
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "", "X-Content-Type-Options": "nosniff",
		"Cross-Origin-Resource-Policy": "same-origin"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if p := h.Get("Permissions-Policy"); !strings.Contains(p, "camera=(self)") || !strings.Contains(p, "microphone=()") {
		t.Errorf("Permissions-Policy: %s", p)
	}
}

func TestFlowSaysWhoMayFrameIt(t *testing.T) {
	csp := get(t, "/flow/"+embedded).Header().Get("Content-Security-Policy")
	if !strings.HasSuffix(csp, "frame-ancestors 'self' https://shop.example https://*.bank.example") {
		t.Error(csp)
	}
}

var reference = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

func TestPageLoadsOnlyWhatThisServerHas(t *testing.T) {
	n := 0
	for _, m := range reference.FindAllStringSubmatch(get(t, "/flow/"+running).Body.String(), -1) {
		if m[1] == "data:," {
			continue
		}
		n++
		asset := get(t, m[1])
		if asset.Code != 200 || !strings.Contains(asset.Header().Get("Cache-Control"), "immutable") || asset.Body.Len() == 0 {
			t.Errorf("%s: %d %v", m[1], asset.Code, asset.Header())
		}
	}
	if n != 2 {
		t.Errorf("%d references", n)
	}
	if got := get(t, "/capture/flow-widget.umd.js").Code; got != 404 {
		t.Errorf("the widget has two addresses: %d", got)
	}
}

func TestWidgetIsForOthers(t *testing.T) {
	w := get(t, "/widget/flow-widget.umd.js")
	if w.Code != 200 || w.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestLanguageIsChosen(t *testing.T) {
	for _, c := range []struct{ path, accept, lang string }{
		{"/flow/" + running, "en", "ru"},                // the session's
		{"/flow/" + running + "?locale=kz", "en", "kk"}, // the address's
		{"/flow/" + running + "?locale=xx", "en", "ru"},
		{"/flow/" + ended, "kk-KZ,ru;q=0.8", "kk"}, // the browser's
		{"/flow/" + ended, "ru", "ru"},
		{"/flow/" + ended, "fr", "en"},
		{"/flow/" + unknown, "ru", "ru"},
	} {
		body := get(t, c.path, "Accept-Language", c.accept).Body.String()
		if !strings.Contains(body, `<html lang="`+c.lang+`">`) {
			t.Errorf("%s with %s is not in %s", c.path, c.accept, c.lang)
		}
	}
}

func TestWebViewIsMarked(t *testing.T) {
	if body := get(t, "/flow/"+running+"?web_view=true").Body.String(); !strings.Contains(body, " web-view") {
		t.Error(body)
	}
	if body := get(t, "/flow/"+running).Body.String(); strings.Contains(body, "web-view") {
		t.Error(body)
	}
}
