package access

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/idem-id/idem"
)

// Prefixes tell a human, and a scanner of leaked files, what a secret opens.
// Keys of persons and of flows have none: their guide fixes the form.
const (
	secretPrefix = "sk_"
	bearerPrefix = "bt_"
)

// maxSecret bounds a shown secret in bytes before anything is computed on it.
const maxSecret = 256

// newSecret makes a secret of its kind: 35 random bytes as 47 characters of
// unpadded base64url for the kinds that the Persons guide describes, otherwise
// prefix, 32 random bytes and a CRC-32 that lets typing faults and foreign
// strings be refused without a look-up.
func (a *Access) newSecret(kind idem.CredentialKind) (string, error) {
	switch kind {
	case idem.CredentialPersons, idem.CredentialFlow:
		return a.randomText(35)
	case idem.CredentialSecret:
		return a.checkedSecret(secretPrefix)
	case idem.CredentialBearer:
		return a.checkedSecret(bearerPrefix)
	}
	return "", invalid("kind", "the kind is one of persons, secret, bearer")
}

func (a *Access) checkedSecret(prefix string) (string, error) {
	body, err := a.randomText(32)
	if err != nil {
		return "", err
	}
	return prefix + body + checksum(prefix+body), nil
}

func (a *Access) randomText(n int) (string, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(a.random, raw); err != nil {
		return "", fmt.Errorf("draw a secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func checksum(text string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(text)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// checksumLength is the length of what checksum returns.
const checksumLength = 6

// wellFormed reports whether a string can be a secret of the kind at all. It
// says nothing that the client does not know: the checksum is no secret.
func wellFormed(kind idem.CredentialKind, secret string) bool {
	if secret == "" || len(secret) > maxSecret {
		return false
	}
	switch kind {
	case idem.CredentialSecret:
		return checked(secretPrefix, secret)
	case idem.CredentialBearer:
		return checked(bearerPrefix, secret)
	}
	return true
}

func checked(prefix, secret string) bool {
	if !strings.HasPrefix(secret, prefix) || len(secret) <= len(prefix)+checksumLength {
		return false
	}
	cut := len(secret) - checksumLength
	return checksum(secret[:cut]) == secret[cut:]
}

// hash is the keyed hash under which a secret is stored and found. The kind is
// part of it, so a secret shown at the wrong door is simply unknown there.
func (a *Access) hash(ctx context.Context, kind idem.CredentialKind, secret string) ([32]byte, error) {
	sum, err := a.blinder.Blind(ctx, "", "credential:"+string(kind), secret)
	if err != nil {
		return [32]byte{}, fmt.Errorf("hash a credential: %w", err)
	}
	if len(sum) != 32 {
		return [32]byte{}, fmt.Errorf("hash a credential: %d bytes instead of 32", len(sum))
	}
	return [32]byte(sum), nil
}

func hint(secret string) string { return secret[len(secret)-4:] }

// shownAgain reports whether a kind is kept so that it can be shown again.
func shownAgain(kind idem.CredentialKind) bool {
	return kind == idem.CredentialPersons || kind == idem.CredentialFlow
}
