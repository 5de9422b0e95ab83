package idem

import (
	"slices"
	"time"
)

// Role is what an operator may do in the cabinet.
type Role string

// The roles: admin may all, operator works persons and reviews, auditor reads.
const (
	RoleAdmin    Role = "admin"
	RoleOperator Role = "operator"
	RoleAuditor  Role = "auditor"
)

// Permission is one thing that a principal may do.
type Permission string

// The permissions.
const (
	PersonsRead   Permission = "persons.read"
	PersonsWrite  Permission = "persons.write"
	PersonsErase  Permission = "persons.erase"
	PicturesRead  Permission = "pictures.read"
	ActionsRead   Permission = "actions.read"
	FacesIdentify Permission = "faces.identify"
	FacesVerify   Permission = "faces.verify"
	ChecksRun     Permission = "checks.run"
	SettingsRead  Permission = "settings.read"
	SettingsWrite Permission = "settings.write"
	KeysManage    Permission = "keys.manage"
	ReviewsWork   Permission = "reviews.work"
	FlowsRead     Permission = "flows.read"
	FlowsManage   Permission = "flows.manage"
	SessionsRead  Permission = "sessions.read"
	SessionsOpen  Permission = "sessions.open"
)

// Operator is a person of the organisation's staff who signs in to the cabinet.
type Operator struct {
	ID           OperatorID
	Email        string
	PasswordHash string // argon2id, PHC string
	Role         Role
	CreatedAt    time.Time
	DisabledAt   time.Time // zero while enabled
}

// CredentialKind says which door a credential opens. Kinds are not
// interchangeable.
type CredentialKind string

// The kinds: the Persons API key, the secret of the native and the applicants
// APIs, the bearer token of the record APIs, the key of one flow.
const (
	CredentialPersons CredentialKind = "persons"
	CredentialSecret  CredentialKind = "secret"
	CredentialBearer  CredentialKind = "bearer"
	CredentialFlow    CredentialKind = "flow"
)

// Credential is what an API client shows. The secret itself is not here: it is
// stored as a hash, and sealed besides only for the kinds that can be shown
// again.
type Credential struct {
	ID          CredentialID
	Kind        CredentialKind
	Name        string
	Hint        string // last four characters
	Permissions []Permission
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	RevokedAt   time.Time // zero: not revoked
}

// Usable reports whether the credential opens its door at the given time.
func (c *Credential) Usable(now time.Time) bool {
	return c.RevokedAt.IsZero() && (c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt))
}

// Principal is who makes a request: the organisation, the actor that its
// changes are recorded under and what it may do.
type Principal struct {
	Org         OrgID
	Actor       Actor
	Permissions []Permission
}

// ErrRoleForbidden is the refusal of a missing permission.
var ErrRoleForbidden = Errorf(Forbidden, "ROLE_FORBIDDEN", "the credential does not permit this")

// Require returns ErrRoleForbidden unless the principal has the permission.
func (p *Principal) Require(permission Permission) error {
	if slices.Contains(p.Permissions, permission) {
		return nil
	}
	return ErrRoleForbidden.With("permission", string(permission))
}

// PermissionsOf is the one table of what a role may do.
func PermissionsOf(role Role) []Permission {
	switch role {
	case RoleAdmin:
		return AllPermissions()
	case RoleOperator:
		return []Permission{PersonsRead, PersonsWrite, PicturesRead, ActionsRead, FacesIdentify, FacesVerify, ChecksRun, SettingsRead, ReviewsWork,
			FlowsRead, SessionsRead, SessionsOpen}
	case RoleAuditor:
		return []Permission{PersonsRead, ActionsRead, SettingsRead, FlowsRead}
	}
	return nil
}

// AllPermissions lists every permission; a secret key has them all unless it
// was made narrower.
func AllPermissions() []Permission {
	return []Permission{PersonsRead, PersonsWrite, PersonsErase, PicturesRead, ActionsRead, FacesIdentify, FacesVerify, ChecksRun,
		SettingsRead, SettingsWrite, KeysManage, ReviewsWork, FlowsRead, FlowsManage, SessionsRead, SessionsOpen}
}
