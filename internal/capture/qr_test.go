package capture_test

import (
	"encoding/xml"
	"image"
	"image/color"
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
		{"", "http://idem.local:8080/flow/" + running + "/qr.svg?locale=kz", "http://idem.local:8080/flow/" + running + "?locale=kz"},
		{"https://id.example/", "http://10.0.0.1/flow/" + running + "/qr.svg", "https://id.example/flow/" + running + "?locale=ru"},
		{"", "https://id.example/flow/" + running + "/qr.svg", "https://id.example/flow/" + running + "?locale=ru"},
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

// TestCodeOfTooLongAHostIsRefused names a host that no code could hold.
func TestCodeOfTooLongAHostIsRefused(t *testing.T) {
	r := httptest.NewRequest("GET", "/flow/"+running+"/qr.svg", nil)
	r.Host = strings.Repeat("h", 5000)
	w := httptest.NewRecorder()
	serve("").ServeHTTP(w, r)
	if w.Code != 400 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
