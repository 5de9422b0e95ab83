package vault

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
)

// Master is the key above all keys. It prints dots wherever it is printed.
type Master struct {
	key *secret
	// next is the key of a rotation that was interrupted between the key store
	// and the file; path is the file then.
	next *secret
	path string
}

// NewMaster makes a random master key.
func NewMaster() Master {
	key := newSecret()
	return Master{key: &key}
}

// ParseMaster reads 32 bytes in base64, with or without padding. The error is
// ErrMasterInvalid and does not quote the text.
func ParseMaster(text string) (Master, error) {
	trimmed := strings.TrimRight(strings.TrimSpace(text), "=")
	raw, err := base64.RawStdEncoding.DecodeString(trimmed)
	if err != nil || len(raw) != keySize {
		return Master{}, ErrMasterInvalid
	}
	key := secret(raw)
	clear(raw)
	return Master{key: &key}, nil
}

// Reveal returns the base64 text that ParseMaster reads. It is meant for the
// one moment when an operator must note the key down.
func (m Master) Reveal() string {
	if m.key == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(m.key[:])
}

// Format prints dots for every verb.
func (m Master) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(dots)) }

// String returns dots.
func (m Master) String() string { return dots }

// LogValue returns dots.
func (m Master) LogValue() slog.Value { return slog.StringValue(dots) }

// MarshalJSON returns dots.
func (m Master) MarshalJSON() ([]byte, error) { return []byte(`"` + dots + `"`), nil }

// fingerprint is what the key store keeps to recognise its master key. It is
// derived one-way and tells nothing about the wrapping key.
func (s *secret) fingerprint() []byte {
	check := s.derive("check")
	sum := sha256.Sum256(check[:])
	return sum[:]
}

// choose returns the key that made the key store, which is the next one after
// an interrupted rotation.
func (m Master) choose(fingerprint []byte) (key *secret, next bool, err error) {
	switch {
	case m.key == nil:
		return nil, false, ErrMasterMissing
	case subtle.ConstantTimeCompare(m.key.fingerprint(), fingerprint) == 1:
		return m.key, false, nil
	case m.next != nil && subtle.ConstantTimeCompare(m.next.fingerprint(), fingerprint) == 1:
		return m.next, true, nil
	}
	return nil, false, ErrMasterWrong
}
