package idem

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mostOrigins is how many origins a flow names at most.
const mostOrigins = 10

// originForm is an origin (RFC 6454) that a page may be framed by: HTTPS, or
// plain HTTP on the machine itself. Nothing else can stand in it, so that it
// cannot say more in a Content-Security-Policy than it should.
var originForm = regexp.MustCompile(`^(?:https://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|http://(?:localhost|127\.0\.0\.1))(?::([1-9][0-9]{0,4}))?$`)

// Origins returns the origins in lower case, each once. It refuses with
// VALIDATION_FAILED what is no origin of HTTPS (or of HTTP on localhost or
// 127.0.0.1), and more than ten.
func Origins(list []string) ([]string, error) {
	var out []string
	for _, text := range list {
		o := strings.ToLower(strings.TrimSpace(text))
		m := originForm.FindStringSubmatch(o)
		if m == nil || len(o) > 267 || tooHigh(m[1]) {
			return nil, errOrigin
		}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if len(out) > mostOrigins {
		return nil, errOrigin
	}
	return out, nil
}

func tooHigh(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n > 65535
}

var errOrigin = Errorf(Unprocessable, "VALIDATION_FAILED", "the origins are at most %d of the form https://shop.example, or http://localhost:3000", mostOrigins).
	At("frame_ancestors")
