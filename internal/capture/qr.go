package capture

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
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
	address := s.address(r, Path(id), s.texts.choose(r, session.Locale).locale)
	if len(address) > mostAddress {
		s.Refuse(w, r, errAddress)
		return
	}
	svg, err := drawCode(address)
	if err != nil {
		s.Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(svg)
}

// address is what a phone opens.
func (s *server) address(r *http.Request, path, locale string) string {
	base := strings.TrimSuffix(s.PublicURL, "/")
	if base == "" {
		base = "http://" + r.Host
		if r.TLS != nil {
			base = "https://" + r.Host
		}
	}
	return base + path + "?" + url.Values{"locale": {locale}}.Encode()
}

// mostAddress is more than any address of a page has, and less than a code
// holds: without a public URL a part of it is what the request says.
const mostAddress = 1 << 10

var errAddress = idem.Errorf(idem.Invalid, "HOST_INVALID", "the request names too long a host")

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
