package capture

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/idem-id/idem"
)

// code draws the address of a session's page, for the camera of a phone. It is
// as secret as the address itself: whoever asks for it has that.
func (s *server) code(w http.ResponseWriter, r *http.Request) {
	session, id, ok := s.find(w, r)
	if !ok {
		return
	}
	base, err := s.base(r)
	if err != nil {
		s.Refuse(w, r, err)
		return
	}
	query := url.Values{"locale": {s.Texts.choose(r, session.Locale).locale}}
	svg, err := drawCode(base + Path(id) + "?" + query.Encode())
	if err != nil {
		s.Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(svg)
}

// errNoPublicURL refuses a code that would lead wherever the request says.
var errNoPublicURL = idem.Errorf(idem.Conflict, "PUBLIC_URL_MISSING",
	"without --public-url a code leads to addresses of this network alone; set it to what people outside call this server")

// base is the beginning of what a phone opens. Whoever sends a request chooses
// its host: without a public URL only one is believed that cannot be a
// stranger's.
func (s *server) base(r *http.Request) (string, error) {
	switch {
	case s.PublicURL != "":
		return strings.TrimSuffix(s.PublicURL, "/"), nil
	case !s.near(r):
		return "", errNoPublicURL
	case r.TLS != nil:
		return "https://" + r.Host, nil
	}
	return "http://" + r.Host, nil
}

// near reports whether a request names the loopback, an address of a private
// network, what the server was told to listen on, or what the connection came
// in at.
func (s *server) near(r *http.Request) bool {
	name, ok := hostname(r.Host)
	listen, _ := hostname(s.Listen)
	if !ok || strings.EqualFold(name, "localhost") || strings.EqualFold(name, listen) {
		return ok
	}
	a, err := netip.ParseAddr(name)
	if err != nil || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a == arrival(r)
}

// hostname takes the port from a host.
func hostname(host string) (name string, ok bool) {
	u, err := url.Parse("//" + host)
	if err != nil || u.Host != host {
		return "", false
	}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16)
	return u.Hostname(), err == nil && port > 0 && u.Hostname() != ""
}

// arrival is the address of this server that the connection came in at, the
// zero Addr when it has none.
func arrival(r *http.Request) netip.Addr {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.Addr{}
	}
	p, _ := netip.ParseAddrPort(at.String())
	return p.Addr().Unmap()
}

// quiet is how many modules around a code stay white (ISO/IEC 18004, 9.1).
const quiet = 4

// drawCode draws black modules on white, one unit each, whatever the page's
// colours are.
func drawCode(content string) ([]byte, error) {
	hints := map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_MARGIN: quiet}
	code, err := qrcode.NewQRCodeWriter().Encode(content, gozxing.BarcodeFormat_QR_CODE, 0, 0, hints)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	var out bytes.Buffer
	side := code.GetWidth()
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`, side, side)
	fmt.Fprintf(&out, `<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side)
	for y := range side {
		for x := range side {
			if code.Get(x, y) {
				fmt.Fprintf(&out, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	out.WriteString(`"/></svg>`)
	return out.Bytes(), nil
}
