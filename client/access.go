package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Organisation is the tenant that the key belongs to.
type Organisation struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Settings  Settings  `json:"settings"`
	CreatedAt time.Time `json:"created_at"`
	Version   int64     `json:"version"` // for ifVersion
}

// Settings are the organisation's choices. Rates are false match rates per
// comparison.
type Settings struct {
	FaceUniqueness string  `json:"face_uniqueness"` // off, flag, reject
	DuplicateFMR   float64 `json:"duplicate_fmr"`
	SimilarFMR     float64 `json:"similar_fmr"`
	MatchFMR       float64 `json:"match_fmr"`
	Country        string  `json:"country"`
	PhonePrefix    string  `json:"phone_prefix"`
	MaxPhotos      int     `json:"max_photos"`
	CodesPerHour   int     `json:"codes_per_hour"`
}

// OrganisationChange changes what is not nil.
type OrganisationChange struct {
	Name     *string         `json:"name,omitempty"`
	Settings *SettingsChange `json:"settings,omitempty"`
}

// SettingsChange changes what is not nil.
type SettingsChange struct {
	FaceUniqueness *string  `json:"face_uniqueness,omitempty"`
	DuplicateFMR   *float64 `json:"duplicate_fmr,omitempty"`
	SimilarFMR     *float64 `json:"similar_fmr,omitempty"`
	MatchFMR       *float64 `json:"match_fmr,omitempty"`
	Country        *string  `json:"country,omitempty"`
	PhonePrefix    *string  `json:"phone_prefix,omitempty"`
	MaxPhotos      *int     `json:"max_photos,omitempty"`
	CodesPerHour   *int     `json:"codes_per_hour,omitempty"`
}

// Organisation reads the organisation.
func (c *Client) Organisation(ctx context.Context) (Organisation, error) {
	return answerOf[Organisation](ctx, c, get("/v1/organisation", nil), nil)
}

// ChangeOrganisation changes name or settings. With ifVersion not nil it is
// refused with VERSION_MISMATCH when the organisation was changed meanwhile.
func (c *Client) ChangeOrganisation(ctx context.Context, change OrganisationChange, ifVersion *int64) (Organisation, error) {
	k, err := call{method: http.MethodPatch, path: "/v1/organisation", header: ifMatch(ifVersion)}.withJSON(change)
	return answerOf[Organisation](ctx, c, k, err)
}

// Key is a credential of an API client, without its secret.
type Key struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind"` // persons, secret, bearer, flow
	Name        string     `json:"name"`
	Hint        string     `json:"hint"` // last four characters
	Permissions []string   `json:"permissions"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at"`
	RevokedAt   *time.Time `json:"revoked_at"`
}

// CreatedKey is a new key with its secret.
type CreatedKey struct {
	Key
	Secret string `json:"secret"`
}

// NewKey asks for a key. Nil permissions are the usual ones of the kind.
type NewKey struct {
	Kind        string     `json:"kind"`
	Name        string     `json:"name"`
	Permissions []string   `json:"permissions,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
}

// Keys lists the organisation's keys.
func (c *Client) Keys(ctx context.Context) ([]Key, error) { return list[Key](ctx, c, "/v1/keys") }

// CreateKey makes a key.
func (c *Client) CreateKey(ctx context.Context, n NewKey) (CreatedKey, error) {
	k, err := call{method: http.MethodPost, path: "/v1/keys", creates: true}.withJSON(n)
	return answerOf[CreatedKey](ctx, c, k, err)
}

// RevokeKey ends a key.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: "/v1/keys/" + url.PathEscape(id), safe: true}, nil)
}

// RevealKey shows the secret of a key of the kind persons again.
func (c *Client) RevealKey(ctx context.Context, id string) (string, error) {
	out, err := answerOf[struct {
		Secret string `json:"secret"`
	}](ctx, c, get("/v1/keys/"+url.PathEscape(id)+"/secret", nil), nil)
	return out.Secret, err
}

// Operator is a person of the organisation's staff.
type Operator struct {
	ID         string     `json:"id"`
	Email      string     `json:"email"`
	Role       string     `json:"role"` // admin, operator, auditor
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at"` // nil while enabled
}

// CreatedOperator is a new operator, with the password if it was drawn.
type CreatedOperator struct {
	Operator
	Password string `json:"password"`
}

// NewOperator asks for an operator. Without a password one is drawn.
type NewOperator struct {
	Email    string `json:"email"`
	Role     string `json:"role"`
	Password string `json:"password,omitempty"`
}

// OperatorChange changes what is not nil.
type OperatorChange struct {
	Role     *string `json:"role,omitempty"`
	Password *string `json:"password,omitempty"`
	Disabled *bool   `json:"disabled,omitempty"`
}

// Operators lists the organisation's operators.
func (c *Client) Operators(ctx context.Context) ([]Operator, error) {
	return list[Operator](ctx, c, "/v1/operators")
}

// CreateOperator makes an operator.
func (c *Client) CreateOperator(ctx context.Context, n NewOperator) (CreatedOperator, error) {
	k, err := call{method: http.MethodPost, path: "/v1/operators", creates: true}.withJSON(n)
	return answerOf[CreatedOperator](ctx, c, k, err)
}

// ChangeOperator changes an operator.
func (c *Client) ChangeOperator(ctx context.Context, id string, change OperatorChange) (Operator, error) {
	k, err := call{method: http.MethodPatch, path: "/v1/operators/" + url.PathEscape(id)}.withJSON(change)
	return answerOf[Operator](ctx, c, k, err)
}

// Subscription is the right to use a technology. Total and Left are nil without
// a limit.
type Subscription struct {
	ID          string     `json:"id"`
	Technology  string     `json:"technology"`
	Status      string     `json:"status"` // FUTURE, ACTIVE, EXPIRED
	StartsAt    *time.Time `json:"starts_at"`
	EndsAt      *time.Time `json:"ends_at"`
	Total       *int64     `json:"total"`
	Left        *int64     `json:"left"`
	PurchasedAt time.Time  `json:"purchased_at"`
}

// Subscriptions lists what the organisation may use.
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, error) {
	return list[Subscription](ctx, c, "/v1/subscriptions")
}

// Ready reports whether every part of the server works. It is asked once.
func (c *Client) Ready(ctx context.Context) (bool, error) {
	_, _, err := c.once(ctx, get("/readyz", nil), "")
	refused := (*Error)(nil)
	if errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable {
		return false, nil
	}
	return err == nil, err
}
