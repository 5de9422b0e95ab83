package idem_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
)

func TestOrigins(t *testing.T) {
	got, err := idem.Origins([]string{"https://Shop.example", " https://shop.example ", "https://a-b.shop.example:8443", "http://localhost:3000", "http://127.0.0.1"})
	want := []string{"https://shop.example", "https://a-b.shop.example:8443", "http://localhost:3000", "http://127.0.0.1"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{
		"", "shop.example", "http://shop.example", "https://", "https://shop.example/", "https://shop.example/path", "https://u@shop.example",
		"https://*.shop.example", "*", "https://shop.example; script-src *", "https://shop.example https://b.example", "https://shop.example:0",
		"https://shop.example:65536", "https://-a.example", "https://a..example", "https://[::1]", "http://localhost.evil.example", "http://127.0.0.1.nip.io",
		"https://shop.example\nx", "'self'", "https:", "https://пример.example", "https://" + strings.Repeat("a", 64) + ".example",
		"https://" + strings.Repeat("abcdefgh.", 40) + "example",
	} {
		var e *idem.Error
		if got, err := idem.Origins([]string{bad}); !errors.As(err, &e) || e.Field != "frame_ancestors" {
			t.Errorf("%q is %v, %v", bad, got, err)
		}
	}
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprintf("https://a%d.example", i))
	}
	if _, err := idem.Origins(many); err == nil {
		t.Error("eleven are taken")
	}
	if got, err := idem.Origins(many[:10]); len(got) != 10 || err != nil {
		t.Errorf("ten are refused: %v", err)
	}
}
