package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
)

const keySize = 32 // bytes; AES-256

// secret is one key in the clear. It prints dots.
type secret [keySize]byte

func newSecret() secret {
	var s secret
	_, _ = rand.Read(s[:]) // never fails: the runtime aborts instead
	return s
}

const dots = "••••"

func (secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(dots)) }
func (secret) String() string               { return dots }
func (secret) LogValue() slog.Value         { return slog.StringValue(dots) }
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"` + dots + `"`), nil }

// aead is AES-256-GCM with a random nonce of 12 bytes in front of the output
// (NIST SP 800-38D section 8.2.2), good for 2^32 messages under one key.
func (s *secret) aead() cipher.AEAD {
	block, err := aes.NewCipher(s[:])
	if err != nil {
		panic("vault: " + err.Error()) // the key has a fixed, valid length
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("vault: " + err.Error()) // the block is AES
	}
	return gcm
}

// derive makes a key of its own for one purpose (RFC 5869).
func (s *secret) derive(purpose string) secret {
	var out secret
	key, err := hkdf.Key(sha256.New, s[:], nil, "idem vault v1 "+purpose, keySize)
	if err != nil {
		panic("vault: " + err.Error()) // the length is fixed and valid
	}
	copy(out[:], key)
	clear(key)
	return out
}

// The sizes of wrapped keys in bytes: nonce 12, key 32, tag 16; a wrapped data
// key starts with the generation of the key that wraps it.
const (
	wrappedSize     = 12 + keySize + 16
	generationSize  = 4
	wrappedDataSize = generationSize + wrappedSize
)

func (s *secret) wrap(key *secret, place []byte) []byte {
	return s.aead().Seal(make([]byte, 0, wrappedDataSize), nil, key[:], place)
}

func (s *secret) unwrap(wrapped, place []byte) (secret, bool) {
	var out secret
	plain, err := s.aead().Open(nil, nil, wrapped, place)
	if err != nil || len(plain) != keySize {
		return out, false
	}
	copy(out[:], plain)
	clear(plain)
	return out, true
}

// part appends one part of an unambiguous encoding: its length as four bytes,
// then the part.
func part(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}
