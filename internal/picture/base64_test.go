package picture_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/idem-id/idem/internal/picture"
	"pgregory.net/rapid"
)

func TestFromBase64Spellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "data")
		prefix := rapid.SampledFrom([]string{"", "data:image/jpeg;base64,", "DATA:image/png;charset=x;BASE64,"}).Draw(t, "prefix")
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			text := e.EncodeToString(data)
			if cut := rapid.IntRange(0, len(text)).Draw(t, "break"); cut > 0 {
				text = text[:cut] + "\r\n" + text[cut:]
			}
			got, err := picture.FromBase64(prefix+text, 300)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%q: %v", prefix+text, err)
			}
		}
	})
}

func TestFromBase64Refuses(t *testing.T) {
	for _, text := range []string{"", "a", "QUJD=", "QUI==", "QU JD", "data:image/png,QUJD", "data:image/png;base64", "Ā"} {
		if _, err := picture.FromBase64(text, 100); !errors.Is(err, picture.ErrBase64) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for n := 101; n < 140; n++ {
		text := base64.StdEncoding.EncodeToString(make([]byte, n))
		if _, err := picture.FromBase64(text, 100); !errors.Is(err, picture.ErrTooLarge) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := picture.FromBase64(strings.Repeat("A", 1<<20), 100); !errors.Is(err, picture.ErrTooLarge) {
		t.Error("a long field was read")
	}
}

func FuzzBase64(f *testing.F) {
	f.Add("data:image/png;base64,QUJD")
	f.Add("QUI=")
	f.Add("_-_-")
	f.Fuzz(func(t *testing.T, text string) {
		data, err := picture.FromBase64(text, 64)
		if err == nil && (len(data) == 0 || len(data) > 64) {
			t.Fatalf("%d bytes", len(data))
		}
	})
}
