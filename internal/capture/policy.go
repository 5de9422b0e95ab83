package capture

import (
	"net/http"
	"strings"
)

// confine sets what a page may do and who may show it in a frame. Scripts,
// styles and requests stay with this server; the camera is the page's own.
// The opener is kept: it waits for the message that the session has ended.
func confine(h http.Header, ancestors []string) {
	h.Del("X-Frame-Options") // knows no list of origins
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' blob: data:", "media-src 'self' blob:",
		"base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
		"frame-ancestors " + strings.Join(append([]string{"'self'"}, ancestors...), " "),
	}, "; "))
	h.Set("Permissions-Policy", "camera=(self), fullscreen=(self), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}
