package webhook

import (
	"net/http"
	"testing"
	"time"
)

// TestStandardSignature holds the signature to the example that libraries of
// Standard Webhooks are tested with.
func TestStandardSignature(t *testing.T) {
	h := http.Header{}
	err := sign(h, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := h.Get("webhook-signature"); err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %q, %v", got, err)
	}
	if err := sign(h, "whsec_%", "id", time.Unix(0, 0), nil); err == nil {
		t.Error("a secret that is none was used")
	}
}
