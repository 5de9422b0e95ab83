package vault

import (
	"context"
	"crypto/cipher"
	"fmt"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Sealed format 1: version byte, the data key's UUID (16 bytes), nonce (12),
// ciphertext, tag (16). The associated data is version and UUID, then
// organisation, owner, column and row, each behind its length.
const (
	sealVersion = 1
	headerSize  = 1 + 16
	// Overhead is how many bytes longer a sealed value is than the plain one.
	Overhead = headerSize + 12 + 16
)

// Seal encrypts plain under the data key and binds it to its place. Errors:
// idem.ErrErased, ErrKeyMissing.
func (v *Vault) Seal(ctx context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error) {
	id, err := uuid.Parse(string(key))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", at.Column, ErrKeyMissing.Because(err))
	}
	k, err := v.dataKey(ctx, at.Org, id)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", at.Column, err)
	}
	out := make([]byte, 0, Overhead+len(plain))
	out = append(append(out, sealVersion), id[:]...)
	return k.aead().Seal(out, nil, plain, associated(out, at)), nil
}

// Open reverses Seal. Errors: idem.ErrErased, ErrSealBroken, and ErrKeyMissing
// for the identifier of a key that the key store never had.
func (v *Vault) Open(ctx context.Context, at store.Place, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != sealVersion {
		return nil, fmt.Errorf("open %s: %w", at.Column, ErrSealBroken)
	}
	header := sealed[:headerSize:headerSize]
	k, err := v.dataKey(ctx, at.Org, uuid.UUID(header[1:]))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Column, err)
	}
	plain, err := k.aead().Open(nil, nil, sealed[headerSize:], associated(header, at))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Column, ErrSealBroken)
	}
	return plain, nil
}

// AEAD returns the cipher of a data key for who seals many pieces and keeps
// them itself; it makes its own nonces. Use it for one piece of work and ask
// again: it does not notice that the key is destroyed. Errors: idem.ErrErased,
// ErrKeyMissing.
func (v *Vault) AEAD(ctx context.Context, org idem.OrgID, key idem.DataKeyID) (cipher.AEAD, error) {
	id, err := uuid.Parse(string(key))
	if err != nil {
		return nil, ErrKeyMissing.Because(err)
	}
	k, err := v.dataKey(ctx, org, id)
	if err != nil {
		return nil, err
	}
	return k.aead(), nil
}

func associated(header []byte, at store.Place) []byte {
	out := make([]byte, 0, headerSize+16+len(at.Org)+len(at.Owner)+len(at.Column)+len(at.Row))
	out = append(out, header...)
	return part(part(part(part(out, string(at.Org)), at.Owner), at.Column), at.Row)
}

// KeyOf returns the data key that sealed bytes name, without opening them; ok
// is false for what is not sealed. Whoever opens many values gives the keys to
// Preload first.
func KeyOf(sealed []byte) (id idem.DataKeyID, ok bool) {
	if len(sealed) < Overhead || sealed[0] != sealVersion {
		return "", false
	}
	return idem.DataKeyID(uuid.UUID(sealed[1:headerSize]).String()), true
}
