package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/idem-id/idem"
)

// secretPrefix marks a signing secret (Standard Webhooks, "Signature scheme").
const secretPrefix = "whsec_"

// newSecret draws a key of 32 bytes.
func newSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

func keyOf(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || len(key) == 0 {
		return nil, idem.Errorf(idem.Internal, "WEBHOOK_SECRET", "the secret of the webhook cannot be read")
	}
	return key, nil
}

// sign sets the headers that let a receiver know sender, time and body.
func sign(h http.Header, secret string, id idem.EventID, at time.Time, body []byte) error {
	key, err := keyOf(secret)
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	h.Set("webhook-id", string(id))
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac(key, "%s.%s.%s", id, stamp, body)))
	h.Set("X-Webhook-Timestamp", stamp)
	h.Set("X-Webhook-Signature", "v1="+hex.EncodeToString(mac(key, "%s.%s", stamp, body)))
	return nil
}

func mac(key []byte, format string, args ...any) []byte {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, format, args...)
	return m.Sum(nil)
}
