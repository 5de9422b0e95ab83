package access

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// PasswordCost is what one hashing with argon2id costs (RFC 9106).
type PasswordCost struct {
	Memory uint32 // KiB
	Time   uint32 // passes
	Lanes  uint8
}

// DefaultPasswordCost is the second recommended option of RFC 9106 section 4,
// with one lane: 64 MiB and three passes.
func DefaultPasswordCost() PasswordCost { return PasswordCost{Memory: 64 << 10, Time: 3, Lanes: 1} }

// Limits of passwords: the lower one in characters, the upper in bytes.
const (
	minPassword = 12
	maxPassword = 1024
	saltLength  = 16
	hashLength  = 32
)

func checkPassword(password string) error {
	if !utf8.ValidString(password) || utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return invalid("password", "a password has at least 12 characters and at most 1024 bytes")
	}
	return nil
}

// newPassword draws a password of 24 characters, 144 bits.
func (a *Access) newPassword() (string, error) { return a.randomText(18) }

// hashPassword returns the PHC string of a password.
func (a *Access) hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(a.random, salt); err != nil {
		return "", fmt.Errorf("draw a salt: %w", err)
	}
	sum, err := a.derive(ctx, password, salt, a.cost)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.cost.Memory, a.cost.Time, a.cost.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// derive waits for its turn: two hashings at a time bound the memory that a
// flood of sign-ins can take.
func (a *Access) derive(ctx context.Context, password string, salt []byte, c PasswordCost) ([]byte, error) {
	select {
	case a.hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-a.hashing }()
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.Time, c.Memory, c.Lanes, hashLength), nil
}

// passwordFits compares a password with a stored PHC string.
func (a *Access) passwordFits(ctx context.Context, password, phc string) (bool, error) {
	cost, salt, want, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	got, err := a.derive(ctx, password, salt, cost)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// parsePHC reads $argon2id$v=19$m=65536,t=3,p=1$salt$sum.
func parsePHC(phc string) (c PasswordCost, salt, sum []byte, err error) {
	version := 0
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return c, nil, nil, errors.New("read a password hash: unknown form")
	}
	if _, err = fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, errors.New("read a password hash: unknown version")
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Lanes); err != nil {
		return c, nil, nil, fmt.Errorf("read a password hash's cost: %w", err)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("read a password hash's salt: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return c, nil, nil, fmt.Errorf("read a password hash's sum: %w", err)
	}
	return c, salt, sum, nil
}
