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

// Keys is a store.Sealer with AES-256-GCM and keys in memory. A data key comes
// into being when it is first named and ends with Destroy. It is safe for
// concurrent use.
type Keys struct {
	index []byte

	mu   sync.Mutex
	keys map[idem.DataKeyID][]byte // nil: destroyed
}

var _ store.Sealer = (*Keys)(nil)

// Sealer returns a sealer with fresh keys.
func Sealer() *Keys {
	return &Keys{index: random(32), keys: map[idem.DataKeyID][]byte{}}
}

// random panics never: crypto/rand ends the process when entropy fails.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// Destroy ends a data key: whatever it sealed is idem.ErrErased from now on.
func (k *Keys) Destroy(key idem.DataKeyID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[key] = nil
}

func (k *Keys) cipher(key idem.DataKeyID, create bool) (cipher.AEAD, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	secret, known := k.keys[key]
	if !known && create {
		secret = random(32)
		k.keys[key] = secret
	}
	if secret == nil {
		return nil, idem.ErrErased
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal implements store.Sealer.
func (k *Keys) Seal(_ context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error) {
	aead, err := k.cipher(key, true)
	if err != nil {
		return nil, err
	}
	nonce := random(aead.NonceSize())
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
	aead, err := k.cipher(idem.DataKeyID(sealed[2:end]), false)
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
	mac := hmac.New(sha256.New, k.index)
	fmt.Fprintf(mac, "%q %q %q", org, domain, value)
	return mac.Sum(nil), nil
}

func associated(at store.Place) []byte {
	return fmt.Appendf(nil, "%q %q %q %q", at.Org, at.Owner, at.Column, at.Row)
}
