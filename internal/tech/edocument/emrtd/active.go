package emrtd

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"math/big"

	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

// ChallengeSize is the length of the challenge of active authentication.
const ChallengeSize = 8

// VerifyActive checks the chip's answer to a challenge of ChallengeSize bytes
// with the key of data group 15 (ICAO 9303-11, 6.1). It answers
// pki.ErrSignature, pki.ErrUnsupported, or nil when the chip holds the key.
// The caller has authenticated group 15, and 14 when it is there.
func (c *Chip) VerifyActive(challenge, answer []byte) error {
	key, err := c.PublicKey()
	if err != nil {
		return err
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		return verifyRecovery(key, challenge, answer)
	case *ecdsa.PublicKey:
		return c.verifyPlain(key, challenge, answer)
	}
	return pki.ErrUnsupported
}

// verifyPlain takes the digest that the chip announces. Chips from before the
// announcement use any of the known ones.
func (c *Chip) verifyPlain(key *ecdsa.PublicKey, challenge, answer []byte) error {
	hashes := []crypto.Hash{crypto.SHA256, crypto.SHA1, crypto.SHA224, crypto.SHA384, crypto.SHA512}
	if h := c.activeHash(); h != 0 {
		hashes = []crypto.Hash{h}
	}
	for _, h := range hashes {
		if pki.ECDSA(h).Verify(key, challenge, answer) == nil {
			return nil
		}
	}
	return pki.ErrSignature
}

// trailers of ISO/IEC 9796-2 by their first byte, where the second is 0xCC.
var trailers = map[byte]crypto.Hash{0x33: crypto.SHA1, 0x34: crypto.SHA256, 0x35: crypto.SHA512, 0x36: crypto.SHA384, 0x38: crypto.SHA224}

// verifyRecovery opens a signature of ISO/IEC 9796-2 scheme 1 with partial
// recovery: 6A | part of the message | digest | trailer. The chip's own random
// part is recovered, the challenge is the rest of the message.
func verifyRecovery(key *rsa.PublicKey, challenge, answer []byte) error {
	opened := open(key, answer)
	if len(opened) != (key.N.BitLen()+7)/8 || opened[0] != 0x6A {
		return pki.ErrSignature
	}
	hash, tail := crypto.SHA1, 1
	if last := opened[len(opened)-1]; last == 0xCC {
		hash, tail = trailers[opened[len(opened)-2]], 2
	} else if last != 0xBC {
		return pki.ErrSignature
	}
	if hash == 0 {
		return pki.ErrUnsupported
	}
	end := len(opened) - tail - hash.Size()
	if end < 1 {
		return pki.ErrSignature
	}
	message := append(bytes.Clone(opened[1:end]), challenge...)
	if !bytes.Equal(pki.Sum(hash, message), opened[end:len(opened)-tail]) {
		return pki.ErrSignature
	}
	return nil
}

// open computes the representative; of a value and its complement the one that
// ends with the trailer's nibble C is meant.
func open(key *rsa.PublicKey, answer []byte) []byte {
	s := new(big.Int).SetBytes(answer)
	if len(answer) > (key.N.BitLen()+7)/8 || s.Cmp(key.N) >= 0 {
		return nil
	}
	m := new(big.Int).Exp(s, big.NewInt(int64(key.E)), key.N)
	if m.Bit(0) == 0 && m.Bit(1) == 0 && m.Bit(2) == 1 && m.Bit(3) == 1 {
		return m.Bytes()
	}
	return m.Sub(key.N, m).Bytes()
}
