package access

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// NewOperator describes an operator to be made. An empty password is drawn.
type NewOperator struct {
	Email    string
	Role     idem.Role
	Password string
}

// Hired is a new operator with the password, given or drawn.
type Hired struct {
	idem.Operator
	Password string
}

// The refusals of operators.
var (
	ErrOperatorNotFound = idem.Errorf(idem.NotFound, "OPERATOR_NOT_FOUND", "no such operator")
	ErrLastAdmin        = idem.Errorf(idem.Conflict, "LAST_ADMIN", "the organisation needs an enabled operator with the role admin")
	ErrSignInFailed     = idem.Errorf(idem.Unauthenticated, "SIGN_IN_FAILED", "the address or the password is wrong")
)

// CreateOperator makes an operator and returns the password, given or drawn,
// which is stored as a hash only. It needs keys.manage and every permission of
// the role. also shares the transaction.
func (a *Access) CreateOperator(ctx context.Context, p idem.Principal, n NewOperator, also ...store.Also[Hired]) (idem.Operator, string, error) {
	if err := mayManage(p, n.Role); err != nil {
		return idem.Operator{}, "", err
	}
	o, password, err := a.prepareOperator(ctx, n)
	if err != nil {
		return idem.Operator{}, "", err
	}
	err = a.store.Update(ctx, p.Org, func(tx store.Tx) error {
		if err := a.insertOperator(ctx, tx, p.Actor, &o); err != nil {
			return err
		}
		return store.RunAlso(ctx, tx, Hired{o, password}, also)
	})
	if err != nil {
		return idem.Operator{}, "", fmt.Errorf("create an operator: %w", err)
	}
	return o, password, nil
}

func (a *Access) insertOperator(ctx context.Context, tx store.Tx, who idem.Actor, o *idem.Operator) error {
	o.CreatedAt = tx.Now()
	if err := tx.Operators().Insert(ctx, *o); err != nil {
		return err
	}
	return a.record(ctx, tx, who, idem.ActionOperatorCreated, map[string]any{"operator": o.ID, "role": o.Role})
}

func mayManage(p idem.Principal, role idem.Role) error {
	if err := p.Require(idem.KeysManage); err != nil {
		return err
	}
	permissions := idem.PermissionsOf(role)
	if permissions == nil {
		return invalid("role", "the role is one of admin, operator, auditor")
	}
	return withinOwn(p, permissions)
}

func (a *Access) prepareOperator(ctx context.Context, n NewOperator) (o idem.Operator, password string, err error) {
	email, err := normaliseEmail(n.Email)
	if err != nil {
		return o, "", err
	}
	if password = n.Password; password == "" {
		if password, err = a.newPassword(); err != nil {
			return o, "", err
		}
	}
	if err := checkPassword(password); err != nil {
		return o, "", err
	}
	hash, err := a.hashPassword(ctx, password)
	if err != nil {
		return o, "", err
	}
	return idem.Operator{ID: idem.OperatorID(a.ids.New()), Email: email, PasswordHash: hash, Role: n.Role}, password, nil
}

// normaliseEmail returns the form that uniqueness and sign-in stand on: a bare
// address in lower case, at most 254 bytes (RFC 5321 section 4.5.3.1.3).
func normaliseEmail(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > 254 {
		return "", invalid("email", "this is not an e-mail address")
	}
	return text, nil
}

// Operators lists the organisation's operators. It needs keys.manage.
func (a *Access) Operators(ctx context.Context, p idem.Principal) ([]idem.Operator, error) {
	if err := p.Require(idem.KeysManage); err != nil {
		return nil, err
	}
	var list []idem.Operator
	err := a.store.View(ctx, p.Org, func(tx store.Tx) (err error) {
		list, err = tx.Operators().List(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list operators: %w", err)
	}
	return list, nil
}

// OperatorChange tells what to change; nil fields stay.
type OperatorChange struct {
	Role     *idem.Role
	Disabled *bool
	Password *string
}

// ChangeOperator changes role, password or the disabled state. It needs
// keys.manage and every permission of the role that the operator has and gets.
// Taking the last enabled admin away is refused with ErrLastAdmin.
func (a *Access) ChangeOperator(ctx context.Context, p idem.Principal, id idem.OperatorID, c OperatorChange) (idem.Operator, error) {
	if err := p.Require(idem.KeysManage); err != nil {
		return idem.Operator{}, err
	}
	hash, err := a.newHash(ctx, c.Password)
	if err != nil {
		return idem.Operator{}, err
	}
	var changed idem.Operator
	err = a.store.Update(ctx, p.Org, func(tx store.Tx) error {
		changed, err = a.applyChange(ctx, tx, p, id, c, hash)
		return err
	})
	if err != nil {
		return idem.Operator{}, fmt.Errorf("change an operator: %w", err)
	}
	return changed, nil
}

// newHash hashes outside the transaction, because it is slow on purpose.
func (a *Access) newHash(ctx context.Context, password *string) (string, error) {
	if password == nil {
		return "", nil
	}
	if err := checkPassword(*password); err != nil {
		return "", err
	}
	return a.hashPassword(ctx, *password)
}

func (a *Access) applyChange(ctx context.Context, tx store.Tx, p idem.Principal, id idem.OperatorID, c OperatorChange, hash string) (idem.Operator, error) {
	if err := oneAtATime(ctx, tx); err != nil {
		return idem.Operator{}, err
	}
	o, err := findOperator(ctx, tx, id)
	if err != nil {
		return o, err
	}
	if err := mayManage(p, o.Role); err != nil {
		return o, err
	}
	before := o
	if c.Role != nil {
		if err := mayManage(p, *c.Role); err != nil {
			return o, err
		}
		o.Role = *c.Role
	}
	if hash != "" {
		o.PasswordHash = hash
	}
	setDisabled(&o, c.Disabled, tx)
	if err := tx.Operators().Save(ctx, o); err != nil {
		return o, err
	}
	if err := keepAnAdmin(ctx, tx); err != nil {
		return o, err
	}
	changes := operatorChanges(before, o)
	if changes == nil {
		return o, nil
	}
	return o, a.record(ctx, tx, p.Actor, idem.ActionOperatorChanged, changes)
}

// oneAtATime makes changes of an organisation's operators follow each other:
// two admins disabled at the same moment would each count the other one as
// left. The lock is that of a subscription, the first in the order of locks;
// every organisation has one from its creation on.
func oneAtATime(ctx context.Context, tx store.Tx) error {
	_, err := tx.Subscriptions().ListForUpdate(ctx, idem.TechPersons)
	return err
}

func setDisabled(o *idem.Operator, disabled *bool, tx store.Tx) {
	switch {
	case disabled == nil:
	case !*disabled:
		o.DisabledAt = time.Time{}
	case o.DisabledAt.IsZero():
		o.DisabledAt = tx.Now()
	}
}

func findOperator(ctx context.Context, tx store.Tx, id idem.OperatorID) (idem.Operator, error) {
	o, err := tx.Operators().Get(ctx, id)
	if err != nil && idem.KindOf(err) == idem.NotFound {
		return o, ErrOperatorNotFound
	}
	return o, err
}

func keepAnAdmin(ctx context.Context, tx store.Tx) error {
	list, err := tx.Operators().List(ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Role == idem.RoleAdmin && o.DisabledAt.IsZero() {
			return nil
		}
	}
	return ErrLastAdmin
}

// SignIn checks an address and a password and returns who that is: one
// operator, or one in each organisation that employs the same person under the
// same password. The error is ErrSignInFailed for every wrong pair, and finding
// no such address takes as long as a wrong password.
func (a *Access) SignIn(ctx context.Context, email, password string) ([]store.OrgOperator, error) {
	candidates, err := a.signInCandidates(ctx, email)
	if err != nil {
		return nil, err
	}
	if len(password) > maxPassword {
		return nil, ErrSignInFailed
	}
	var fit []store.OrgOperator
	for _, c := range candidates {
		ok, err := a.passwordFits(ctx, password, c.Operator.PasswordHash)
		if err != nil {
			return nil, fmt.Errorf("check a password: %w", err)
		}
		if ok {
			fit = append(fit, c)
		}
	}
	if len(candidates) == 0 {
		if _, err := a.hashPassword(ctx, password); err != nil {
			return nil, err
		}
	}
	if len(fit) == 0 {
		return nil, ErrSignInFailed
	}
	return fit, nil
}

func (a *Access) signInCandidates(ctx context.Context, email string) ([]store.OrgOperator, error) {
	address, err := normaliseEmail(email)
	if err != nil {
		return nil, nil
	}
	all, err := a.store.System().FindOperators(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("find operators: %w", err)
	}
	var enabled []store.OrgOperator
	for _, o := range all {
		if o.Operator.DisabledAt.IsZero() {
			enabled = append(enabled, o)
		}
	}
	return enabled, nil
}

// OperatorPrincipal is the principal that a signed-in operator acts as.
func OperatorPrincipal(o store.OrgOperator) idem.Principal {
	return idem.Principal{
		Org:         o.Org,
		Actor:       idem.Actor{Source: idem.SourceCabinet, Operator: o.Operator.ID},
		Permissions: idem.PermissionsOf(o.Operator.Role),
	}
}
