package storetest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Keys is a store.Sealer with AES-256-GCM. Its data keys are derived from one
// secret and their names, so that two processes can share it; Destroy ends one
// of them. It is safe for concurrent use.
type Keys struct {
	secret []byte

	mu        sync.Mutex
	destroyed map[idem.DataKeyID]bool
}

var _ store.Sealer = (*Keys)(nil)

// Sealer returns a sealer with fresh keys.
func Sealer() *Keys { return SealerOf(rand.Text()) }

// SealerOf returns a sealer with the keys of a secret.
func SealerOf(secret string) *Keys {
	return &Keys{secret: []byte(secret), destroyed: map[idem.DataKeyID]bool{}}
}

// Destroy ends a data key: whatever it sealed is idem.ErrErased from now on.
func (k *Keys) Destroy(key idem.DataKeyID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.destroyed[key] = true
}

func (k *Keys) cipher(key idem.DataKeyID) (cipher.AEAD, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.destroyed[key] {
		return nil, idem.ErrErased
	}
	block, err := aes.NewCipher(k.derive("data key %q", key))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (k *Keys) derive(format string, args ...any) []byte {
	mac := hmac.New(sha256.New, k.secret)
	fmt.Fprintf(mac, format, args...)
	return mac.Sum(nil)
}

// Seal implements store.Sealer.
func (k *Keys) Seal(_ context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error) {
	aead, err := k.cipher(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	out := binary.BigEndian.AppendUint16(nil, uint16(len(key)))
	out = append(append(out, key...), nonce...)
	return aead.Seal(out, nonce, plain, associated(at)), nil
}

// Open implements store.Sealer.
func (k *Keys) Open(_ context.Context, at store.Place, sealed []byte) ([]byte, error) {
	broken := idem.Errorf(idem.Internal, "SEAL_BROKEN", "the sealed value was altered or misplaced")
	if len(sealed) < 2 || len(sealed) < 2+int(binary.BigEndian.Uint16(sealed))+12 {
		return nil, broken
	}
	end := 2 + int(binary.BigEndian.Uint16(sealed))
	aead, err := k.cipher(idem.DataKeyID(sealed[2:end]))
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, sealed[end:end+12], sealed[end+12:], associated(at))
	if err != nil {
		return nil, broken.Because(err)
	}
	return plain, nil
}

// OrgKey implements store.Sealer.
func (k *Keys) OrgKey(_ context.Context, org idem.OrgID) (idem.DataKeyID, error) {
	return idem.DataKeyID("org:" + string(org)), nil
}

// Blind implements store.Sealer.
func (k *Keys) Blind(_ context.Context, org idem.OrgID, domain, value string) ([]byte, error) {
	return k.derive("blind %q %q %q", org, domain, value), nil
}

func associated(at store.Place) []byte {
	return fmt.Appendf(nil, "%q %q %q %q", at.Org, at.Owner, at.Column, at.Row)
}
