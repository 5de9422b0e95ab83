package idem

import (
	"strings"

	"github.com/google/uuid"
)

// Typed identifiers. Each is the canonical lower-case text of a UUIDv7, except
// SessionID, which is a random UUIDv4 because it serves as a capability.
type (
	OrgID          string
	PersonID       string
	AliasID        string
	PhotoID        string
	SubscriptionID string
	OperatorID     string
	CredentialID   string
	SessionID      string
	AttemptID      string
	FlowID         string
	WebhookID      string
	EventID        string
	RecordID       string
	// DataKeyID names one data key of the vault. The key is not in the data:
	// destroying it makes everything sealed with it unreadable for ever.
	DataKeyID string
	// BlobRef names one sealed object of an organisation's blob store.
	BlobRef string
)

// IDs makes fresh identifiers. It is injected so that tests are repeatable.
type IDs interface {
	// New returns the canonical text of a fresh UUID. It is safe for
	// concurrent use.
	New() string
}

// UUIDv7 makes time-ordered identifiers (RFC 9562 section 5.7).
type UUIDv7 struct{}

// New returns a fresh UUIDv7. It panics only when the system's entropy source
// fails, after which nothing can be trusted.
func (UUIDv7) New() string { return uuid.Must(uuid.NewV7()).String() }

// ParseID reads a UUID in its canonical 36-character form, any letter case,
// and returns its lower-case text; anything else is not an identifier.
func ParseID(text string) (string, bool) {
	if len(text) != 36 {
		return "", false
	}
	parsed, err := uuid.Parse(text)
	if err != nil {
		return "", false
	}
	return strings.ToLower(parsed.String()), true
}
