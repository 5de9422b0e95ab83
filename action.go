package idem

import "time"

// Source is the channel through which a change came.
type Source string

// The channels: an external system, a human in the cabinet, a flow's worker.
const (
	SourceAPI     Source = "API"
	SourceCabinet Source = "CABINET"
	SourceFlow    Source = "FLOW"
)

// Actor is who makes a change. Exactly one of the three identifiers is set, in
// keeping with the source: a credential, an operator or a session. The command
// line acts as SourceAPI without a credential.
type Actor struct {
	Source     Source
	Credential CredentialID
	Operator   OperatorID
	Session    SessionID
}

// ActionType names what happened.
type ActionType string

// The actions of a person.
const (
	ActionPersonCreated       ActionType = "PERSON_CREATED"
	ActionVerificationChanged ActionType = "VERIFICATION_CHANGED"
	ActionAliasAdded          ActionType = "ALIAS_ADDED"
	ActionAliasUpdated        ActionType = "ALIAS_UPDATED"
	ActionAliasRemoved        ActionType = "ALIAS_REMOVED"
	ActionPhotoAdded          ActionType = "PHOTO_ADDED"
	ActionPhotoRemoved        ActionType = "PHOTO_REMOVED"
	ActionPhotoDefaultChanged ActionType = "PHOTO_DEFAULT_CHANGED"
	ActionPersonDeleted       ActionType = "PERSON_DELETED"
	ActionPersonRestored      ActionType = "PERSON_RESTORED"
	ActionPersonErased        ActionType = "PERSON_ERASED"
)

// Action is one immutable entry of an organisation's audit. Entries form a hash
// chain in the order of Seq. Details hold identifiers, flags and masked values
// only, so that an erasure never has to touch them.
type Action struct {
	Seq      int64
	Person   PersonID
	Type     ActionType
	Actor    Actor
	At       time.Time
	Details  map[string]any
	PrevHash [32]byte
	Hash     [32]byte
}
