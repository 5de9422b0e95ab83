package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// NewCredential describes a credential to be made.
type NewCredential struct {
	Kind CredentialKind
	Name string // for the human who keeps it, 1..100 characters
	// Permissions nil takes what a credential of the kind usually needs, cut
	// to what the maker has.
	Permissions []idem.Permission
	ExpiresAt   time.Time // zero: never
}

// Issued is a new credential with its secret.
type Issued struct {
	idem.Credential
	Secret string
}

// CredentialKind is the core's kind, named here for the callers' convenience.
type CredentialKind = idem.CredentialKind

// ErrCredentialNotFound is the refusal of an identifier that the organisation
// does not have.
var ErrCredentialNotFound = idem.Errorf(idem.NotFound, "CREDENTIAL_NOT_FOUND", "no such key")

// UsualPermissions is what a credential of the kind needs for the API that it
// opens.
func UsualPermissions(kind CredentialKind) []idem.Permission {
	switch kind {
	case idem.CredentialPersons:
		return []idem.Permission{idem.PersonsRead, idem.PersonsWrite, idem.PicturesRead, idem.ActionsRead, idem.ChecksRun}
	case idem.CredentialBearer:
		return []idem.Permission{idem.PersonsRead, idem.PersonsWrite, idem.PicturesRead, idem.ActionsRead,
			idem.FacesIdentify, idem.FacesVerify, idem.ReviewsWork}
	case idem.CredentialSecret:
		return idem.AllPermissions()
	case idem.CredentialFlow:
		return []idem.Permission{idem.SessionsOpen}
	}
	return nil
}

// CreateCredential makes a credential and returns it with its secret, which is
// not stored in the clear. It needs keys.manage, and every permission that the
// new credential gets. also shares the transaction.
func (a *Access) CreateCredential(ctx context.Context, p idem.Principal, n NewCredential, also ...store.Also[Issued]) (idem.Credential, string, error) {
	if err := p.Require(idem.KeysManage); err != nil {
		return idem.Credential{}, "", err
	}
	if n.Permissions == nil {
		n.Permissions = within(UsualPermissions(n.Kind), p.Permissions)
	}
	if err := a.checkCredential(p, n); err != nil {
		return idem.Credential{}, "", err
	}
	secret, err := a.newSecret(n.Kind)
	if err != nil {
		return idem.Credential{}, "", err
	}
	var made idem.Credential
	err = a.store.Update(ctx, p.Org, func(tx store.Tx) error {
		if made, err = a.insertCredential(ctx, tx, p.Actor, n, secret); err != nil {
			return err
		}
		return store.RunAlso(ctx, tx, Issued{made, secret}, also)
	})
	if err != nil {
		return idem.Credential{}, "", fmt.Errorf("create a credential: %w", err)
	}
	return made, secret, nil
}

func (a *Access) checkCredential(p idem.Principal, n NewCredential) error {
	kinds := []CredentialKind{idem.CredentialPersons, idem.CredentialSecret, idem.CredentialBearer}
	switch {
	case !slices.Contains(kinds, n.Kind):
		return invalid("kind", "the kind is one of persons, secret, bearer")
	case !goodName(n.Name):
		return invalid("name", "the name has 1 to 100 characters")
	case !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(a.now()):
		return invalid("expires_at", "the expiry is in the past")
	case len(n.Permissions) == 0:
		return invalid("permissions", "a credential without permissions opens nothing")
	}
	if err := knownPermissions(n.Permissions); err != nil {
		return err
	}
	return withinOwn(p, n.Permissions)
}

func knownPermissions(list []idem.Permission) error {
	for i, p := range list {
		if !slices.Contains(idem.AllPermissions(), p) {
			return invalid(fmt.Sprintf("permissions[%d]", i), "there is no such permission")
		}
	}
	return nil
}

func goodName(name string) bool {
	n := utf8.RuneCountInString(name)
	return utf8.ValidString(name) && strings.TrimSpace(name) != "" && n <= 100 &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func within(list, limit []idem.Permission) []idem.Permission {
	return slices.DeleteFunc(slices.Clone(list), func(p idem.Permission) bool { return !slices.Contains(limit, p) })
}

func (a *Access) insertCredential(ctx context.Context, tx store.Tx, who idem.Actor, n NewCredential, secret string) (idem.Credential, error) {
	hash, err := a.hash(ctx, n.Kind, secret)
	if err != nil {
		return idem.Credential{}, err
	}
	c := idem.Credential{
		ID: idem.CredentialID(a.ids.New()), Kind: n.Kind, Name: strings.TrimSpace(n.Name), Hint: hint(secret),
		Permissions: sortedPermissions(n.Permissions), CreatedAt: tx.Now(), ExpiresAt: n.ExpiresAt.UTC().Truncate(time.Microsecond),
	}
	again := ""
	if shownAgain(n.Kind) {
		again = secret
	}
	if err := tx.Credentials().Insert(ctx, c, hash, again); err != nil {
		return c, err
	}
	return c, a.record(ctx, tx, who, idem.ActionKeyCreated, describe(c))
}

// sortedPermissions brings a list into the order of the core's table, once each.
func sortedPermissions(list []idem.Permission) []idem.Permission {
	return within(idem.AllPermissions(), list)
}

// Credentials lists the organisation's credentials, revoked ones included. It
// needs keys.manage.
func (a *Access) Credentials(ctx context.Context, p idem.Principal) ([]idem.Credential, error) {
	if err := p.Require(idem.KeysManage); err != nil {
		return nil, err
	}
	var list []idem.Credential
	err := a.store.View(ctx, p.Org, func(tx store.Tx) (err error) {
		list, err = tx.Credentials().List(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list credentials: %w", err)
	}
	return list, nil
}

// Credential returns one credential of the organisation.
func (a *Access) Credential(ctx context.Context, p idem.Principal, id idem.CredentialID) (idem.Credential, error) {
	list, err := a.Credentials(ctx, p)
	if err != nil {
		return idem.Credential{}, err
	}
	i := slices.IndexFunc(list, func(c idem.Credential) bool { return c.ID == id })
	if i < 0 {
		return idem.Credential{}, ErrCredentialNotFound
	}
	return list[i], nil
}

// Revoke ends a credential; doing it again changes nothing. It needs
// keys.manage.
func (a *Access) Revoke(ctx context.Context, p idem.Principal, id idem.CredentialID) error {
	c, err := a.Credential(ctx, p, id)
	if err != nil || !c.RevokedAt.IsZero() {
		return err
	}
	err = a.store.Update(ctx, p.Org, func(tx store.Tx) error {
		first, err := tx.Credentials().Revoke(ctx, id)
		if err != nil || !first {
			return err
		}
		return a.record(ctx, tx, p.Actor, idem.ActionKeyRevoked, map[string]any{"key": id, "kind": c.Kind})
	})
	if err != nil {
		return fmt.Errorf("revoke a credential: %w", err)
	}
	a.accepted.drop(id)
	return nil
}

// Reveal returns the secret of a credential whose kind can be shown again;
// any other is refused with SECRET_NOT_KEPT. It needs keys.manage and every
// permission that the credential has, and is recorded.
func (a *Access) Reveal(ctx context.Context, p idem.Principal, id idem.CredentialID) (string, error) {
	c, err := a.Credential(ctx, p, id)
	if err != nil {
		return "", err
	}
	if !shownAgain(c.Kind) {
		return "", idem.Errorf(idem.Conflict, "SECRET_NOT_KEPT", "the secret of a key of this kind is shown only when it is made")
	}
	if err := withinOwn(p, c.Permissions); err != nil {
		return "", err
	}
	var secret string
	err = a.store.Update(ctx, p.Org, func(tx store.Tx) (err error) {
		if secret, err = tx.Credentials().Reveal(ctx, id); err != nil {
			return err
		}
		return a.record(ctx, tx, p.Actor, idem.ActionKeyRevealed, map[string]any{"key": id, "kind": c.Kind})
	})
	if err != nil {
		return "", fmt.Errorf("reveal a credential: %w", err)
	}
	return secret, nil
}

// IssueFlowKey makes the key of a flow in the caller's transaction, which is
// answerable for the permission, and returns it with its secret. It can be
// shown again.
func (a *Access) IssueFlowKey(ctx context.Context, tx store.Tx, who idem.Actor, name string) (idem.Credential, string, error) {
	secret, err := a.newSecret(idem.CredentialFlow)
	if err != nil {
		return idem.Credential{}, "", err
	}
	n := NewCredential{Kind: idem.CredentialFlow, Name: name, Permissions: UsualPermissions(idem.CredentialFlow)}
	c, err := a.insertCredential(ctx, tx, who, n, secret)
	if err != nil {
		return idem.Credential{}, "", fmt.Errorf("issue flow key: %w", err)
	}
	return c, secret, nil
}

// ReplaceFlowKey is IssueFlowKey that also ends the key that the flow had.
func (a *Access) ReplaceFlowKey(ctx context.Context, tx store.Tx, who idem.Actor, old idem.CredentialID, name string) (idem.Credential, string, error) {
	first, err := tx.Credentials().Revoke(ctx, old)
	if err == nil && first {
		err = a.record(ctx, tx, who, idem.ActionKeyRevoked, map[string]any{"key": old, "kind": idem.CredentialFlow})
	}
	if err != nil {
		return idem.Credential{}, "", fmt.Errorf("revoke flow key: %w", err)
	}
	a.accepted.drop(old) // one that is looked up before the commit opens no flow any more
	return a.IssueFlowKey(ctx, tx, who, name)
}
