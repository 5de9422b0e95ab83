package capture_test

import (
	"context"
	"encoding/xml"
	"image"
	"image/color"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

var module = regexp.MustCompile(`M(\d+) (\d+)h1v1h-1z`)

// draw makes a picture of the code as a browser does, four pixels a module.
func draw(t *testing.T, svg []byte) image.Image {
	t.Helper()
	var root struct {
		ViewBox string `xml:"viewBox,attr"`
	}
	if err := xml.Unmarshal(svg, &root); err != nil {
		t.Fatal(err)
	}
	side, _ := strconv.Atoi(regexp.MustCompile(`\d+$`).FindString(root.ViewBox))
	img := image.NewGray(image.Rect(0, 0, 4*side, 4*side))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, m := range module.FindAllSubmatch(svg, -1) {
		x, _ := strconv.Atoi(string(m[1]))
		y, _ := strconv.Atoi(string(m[2]))
		for i := range 16 {
			img.SetGray(4*x+i%4, 4*y+i/4, color.Gray{})
		}
	}
	return img
}

func TestCodeLeadsToThePage(t *testing.T) {
	for _, c := range []struct{ public, target, want string }{
		{"", "http://10.0.0.1:8080/flow/" + running + "/qr.svg?locale=kz", "http://10.0.0.1:8080/flow/" + running + "?locale=kz"},
		{"https://id.example/", "http://10.0.0.1/flow/" + running + "/qr.svg", "https://id.example/flow/" + running + "?locale=ru"},
		{"https://id.example/", "http://evil.example/flow/" + running + "/qr.svg", "https://id.example/flow/" + running + "?locale=ru"},
		{"", "https://[fd00::1]/flow/" + running + "/qr.svg", "https://[fd00::1]/flow/" + running + "?locale=ru"},
	} {
		w := httptest.NewRecorder()
		serve(c.public).ServeHTTP(w, httptest.NewRequest("GET", c.target, nil))
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(draw(t, w.Body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		code, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil || code.GetText() != c.want {
			t.Errorf("%v, %v, want %s", code, err, c.want)
		}
	}
}

// TestCodeLeadsToNoStranger names hosts as whoever sends a request may, without
// a public URL: there is no code to a foreign page, and the page offers none.
func TestCodeLeadsToNoStranger(t *testing.T) {
	for host, near := range map[string]bool{
		"localhost": true, "LOCALHOST:8443": true, "127.0.0.1:8080": true, "[::1]:8080": true, "192.168.1.7": true, "172.16.0.1:80": true,
		"169.254.7.7": true, "[::ffff:10.0.0.1]:80": true, "id.example:8080": true, "ID.example": true, "203.0.113.9": true, "203.0.113.9:8080": true,
		"evil.example": false, "localhost.evil.example": false, "10.0.0.1.evil.example": false, "198.51.100.1": false, "172.32.0.1": false, "[2001:db8::1]": false,
		"localhost@evil.example": false, "localhost:80@evil.example": false, "localhost:99999": false, "localhost:0": false, "localhost/": false,
		"[fe80::1%25" + strings.Repeat("z", 5000) + "]": false, strings.Repeat("h", 5000): false, "": false,
	} {
		ask := func(path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/flow/"+running+path, nil)
			r.Host = host
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(203, 0, 113, 9), Port: 8080}))
			w := httptest.NewRecorder()
			serve("").ServeHTTP(w, r)
			return w
		}
		if code := ask("/qr.svg"); near != (code.Code == 200) || !near && code.Code != 409 {
			t.Errorf("%.40q: %d %s", host, code.Code, code.Body)
		}
		if offers := !strings.Contains(ask("").Body.String(), "no-handover"); offers != near {
			t.Errorf("%.40q: the page offers a code: %t", host, offers)
		}
	}
}
