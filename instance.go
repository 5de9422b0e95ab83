package idem

import "time"

// InstanceActionType names what was done to the instance, or to an organisation
// as a whole.
type InstanceActionType string

// The actions of the instance.
const (
	ActionTrustImported       InstanceActionType = "TRUST_IMPORTED"
	ActionTrustRemoved        InstanceActionType = "TRUST_REMOVED"
	ActionTrustChanged        InstanceActionType = "TRUST_CHANGED" // by hand
	ActionMasterKeyRotated    InstanceActionType = "MASTER_KEY_ROTATED"
	ActionSealingKeyRotated   InstanceActionType = "SEALING_KEY_ROTATED"
	ActionOrganisationCreated InstanceActionType = "ORGANISATION_CREATED"
	ActionOrganisationChanged InstanceActionType = "ORGANISATION_CHANGED"
	ActionKeyCreated          InstanceActionType = "KEY_CREATED"
	ActionKeyRevoked          InstanceActionType = "KEY_REVOKED"
	ActionKeyRevealed         InstanceActionType = "KEY_REVEALED"
	ActionFlowCreated         InstanceActionType = "FLOW_CREATED"
	ActionFlowChanged         InstanceActionType = "FLOW_CHANGED"
	ActionFlowDeleted         InstanceActionType = "FLOW_DELETED"
	ActionSessionErased       InstanceActionType = "SESSION_ERASED"
	ActionWebhookCreated      InstanceActionType = "WEBHOOK_CREATED"
	ActionWebhookChanged      InstanceActionType = "WEBHOOK_CHANGED"
	ActionWebhookDeleted      InstanceActionType = "WEBHOOK_DELETED"
	ActionOperatorCreated     InstanceActionType = "OPERATOR_CREATED"
	ActionOperatorChanged     InstanceActionType = "OPERATOR_CHANGED"
	ActionSubscriptionGranted InstanceActionType = "SUBSCRIPTION_GRANTED"
	ActionSubscriptionEnded   InstanceActionType = "SUBSCRIPTION_ENDED"
)

// InstanceAction is one immutable entry of the instance's audit, which is one
// hash chain over all organisations in the order of Seq. Details hold no secret
// and no personal data.
type InstanceAction struct {
	Seq  int64
	Org  OrgID // that it concerns; empty for the instance itself
	Type InstanceActionType
	// Actor is who did it; its zero value is the command line, of the operating
	// system's Account.
	Actor    Actor
	Account  string
	At       time.Time
	Details  map[string]any
	PrevHash [32]byte
	Hash     [32]byte
}
