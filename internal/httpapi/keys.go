package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/store"
)

// Key is a credential of an API client, without its secret.
type Key struct {
	ID          string     `json:"id" format:"uuid"`
	Kind        string     `json:"kind" enum:"persons,secret,bearer,flow" doc:"Which API it opens: the Persons API, this one, the record APIs, a flow."`
	Name        string     `json:"name"`
	Hint        string     `json:"hint" doc:"The last four characters of the secret."`
	Permissions []string   `json:"permissions" nullable:"false"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at" doc:"null: never."`
	RevokedAt   *time.Time `json:"revoked_at" doc:"null: not revoked."`
}

// CreatedKey is a new key with its secret, which is shown here alone unless
// the kind is persons.
type CreatedKey struct {
	Key
	Secret string `json:"secret" doc:"Keep it; it is stored as a hash."`
}

func keyOf(c idem.Credential) Key {
	out := Key{ID: string(c.ID), Kind: string(c.Kind), Name: c.Name, Hint: c.Hint, Permissions: make([]string, len(c.Permissions)),
		CreatedAt: c.CreatedAt, ExpiresAt: instant(c.ExpiresAt), RevokedAt: instant(c.RevokedAt)}
	for i, p := range c.Permissions {
		out.Permissions[i] = string(p)
	}
	return out
}

type keyListOut struct {
	Body struct {
		Data []Key `json:"data" nullable:"false"`
	} `nameHint:"KeyList"`
}

func (s *server) listKeys(ctx context.Context, p idem.Principal, _ *struct{}) (*keyListOut, error) {
	list, err := s.access.Credentials(ctx, p)
	out := &keyListOut{}
	out.Body.Data = make([]Key, len(list))
	for i, c := range list {
		out.Body.Data[i] = keyOf(c)
	}
	return out, err
}

type newKeyBody struct {
	Kind        string     `json:"kind" enum:"persons,secret,bearer"`
	Name        string     `json:"name" minLength:"1" maxLength:"100" doc:"For the human who keeps it."`
	Permissions []string   `json:"permissions,omitempty" minItems:"1" maxItems:"50" doc:"At most those of the key that asks; the usual ones of the kind by default."`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
}

type createKeyIn struct{ Body newKeyBody }

func (in *createKeyIn) content(context.Context) (any, error) { return in.Body, nil }

func (s *server) createKey(ctx context.Context, p idem.Principal, in *createKeyIn, claimed claim[CreatedKey]) (answer[CreatedKey], error) {
	n := access.NewCredential{Kind: idem.CredentialKind(in.Body.Kind), Name: in.Body.Name}
	for _, permission := range in.Body.Permissions {
		n.Permissions = append(n.Permissions, idem.Permission(permission))
	}
	assign(&n.ExpiresAt, in.Body.ExpiresAt)
	c, secret, err := s.access.CreateCredential(ctx, p, n, func(ctx context.Context, tx store.Tx, done access.Issued) error {
		return claimed.remember(ctx, tx, createdKey(done.Credential, done.Secret))
	})
	return createdKey(c, secret), err
}

func createdKey(c idem.Credential, secret string) answer[CreatedKey] {
	return answer[CreatedKey]{http.StatusCreated, CreatedKey{keyOf(c), secret}}
}

type keyPath struct {
	KeyID string `path:"key_id" doc:"The key."`
}

func (p keyPath) id() (idem.CredentialID, error) {
	id, ok := idem.ParseID(p.KeyID)
	if !ok {
		return "", access.ErrCredentialNotFound
	}
	return idem.CredentialID(id), nil
}

func (s *server) revokeKey(ctx context.Context, p idem.Principal, in *keyPath) (*none, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return &none{}, s.access.Revoke(ctx, p, id)
}

// Secret is a secret that can be shown again.
type Secret struct {
	Secret string `json:"secret"`
}

type secretOut struct{ Body Secret }

func (s *server) revealKey(ctx context.Context, p idem.Principal, in *keyPath) (*secretOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	secret, err := s.access.Reveal(ctx, p, id)
	return &secretOut{Secret{secret}}, err
}
