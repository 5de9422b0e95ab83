package access

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// NewOrganisation describes an organisation to be made. Zero settings become
// idem.DefaultSettings.
type NewOrganisation struct {
	Name          string
	OperatorEmail string
	Settings      idem.Settings
}

// Created is what the maker of an organisation has to write down: only the API
// key of the Persons API can be shown again.
type Created struct {
	OrgID     idem.OrgID
	APIKey    string // Persons API
	Bearer    string // record APIs
	SecretKey string // native and applicants APIs
	Operator  CreatedOperator
}

// CreatedOperator is the first operator, an admin, with the drawn password.
type CreatedOperator struct {
	ID       idem.OperatorID
	Email    string
	Password string
}

// ErrOrganisationChanged is the refusal of a change made on an older state.
var ErrOrganisationChanged = idem.Errorf(idem.Precondition, "VERSION_MISMATCH", "the organisation was changed meanwhile")

// Create makes an organisation with its first keys and operator and grants it
// every technology without limit. It belongs to the instance's administrator:
// there is no principal.
func (a *Access) Create(ctx context.Context, n NewOrganisation) (Created, error) {
	if n.Settings == (idem.Settings{}) {
		n.Settings = idem.DefaultSettings()
	}
	if err := n.Settings.Validate(); err != nil {
		return Created{}, err
	}
	if !goodName(n.Name) {
		return Created{}, invalid("name", "the name has 1 to 100 characters")
	}
	operator, password, err := a.prepareOperator(ctx, NewOperator{Email: n.OperatorEmail, Role: idem.RoleAdmin})
	if err != nil {
		return Created{}, err
	}
	org := idem.Organisation{ID: idem.OrgID(a.ids.New()), Name: strings.TrimSpace(n.Name), Settings: n.Settings,
		CreatedAt: a.now().UTC().Truncate(time.Microsecond), Version: 1}
	made := Created{OrgID: org.ID, Operator: CreatedOperator{ID: operator.ID, Email: operator.Email, Password: password}}
	if err := a.drawKeys(&made); err != nil {
		return Created{}, err
	}
	if err := a.open(ctx, org, operator, made); err != nil {
		return Created{}, fmt.Errorf("create organisation: %w", err)
	}
	return made, nil
}

// open makes the organisation's keys, then in one transaction the organisation
// with what it needs: keys without an organisation harm nobody.
func (a *Access) open(ctx context.Context, org idem.Organisation, operator idem.Operator, made Created) error {
	if a.keys != nil {
		if err := a.keys.CreateOrg(ctx, org.ID); err != nil {
			return err
		}
	}
	return a.store.System().CreateOrganisation(ctx, org, func(tx store.Tx) error {
		if err := a.record(ctx, tx, commandLine, idem.ActionOrganisationCreated, nil); err != nil {
			return err
		}
		if err := a.insertOperator(ctx, tx, commandLine, &operator); err != nil {
			return err
		}
		if err := a.insertFirstKeys(ctx, tx, made); err != nil {
			return err
		}
		return a.grantAll(ctx, tx)
	})
}

func (a *Access) drawKeys(made *Created) (err error) {
	if made.APIKey, err = a.newSecret(idem.CredentialPersons); err != nil {
		return err
	}
	if made.Bearer, err = a.newSecret(idem.CredentialBearer); err != nil {
		return err
	}
	made.SecretKey, err = a.newSecret(idem.CredentialSecret)
	return err
}

func (a *Access) insertFirstKeys(ctx context.Context, tx store.Tx, made Created) error {
	for kind, secret := range map[CredentialKind]string{
		idem.CredentialPersons: made.APIKey, idem.CredentialBearer: made.Bearer, idem.CredentialSecret: made.SecretKey,
	} {
		n := NewCredential{Kind: kind, Name: "first " + string(kind) + " key", Permissions: UsualPermissions(kind)}
		if _, err := a.insertCredential(ctx, tx, commandLine, n, secret); err != nil {
			return err
		}
	}
	return nil
}

// Organisation returns the principal's organisation. It needs settings.read.
func (a *Access) Organisation(ctx context.Context, p idem.Principal) (idem.Organisation, error) {
	var o idem.Organisation
	if err := p.Require(idem.SettingsRead); err != nil {
		return o, err
	}
	err := a.store.View(ctx, p.Org, func(tx store.Tx) (err error) {
		o, err = tx.Organisations().Get(ctx)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("read the organisation: %w", err)
	}
	return o, nil
}

// ChangeOrganisation lets change edit the organisation's name and settings and
// stores the result. When ifVersion is not nil and not the stored version, it
// is refused with ErrOrganisationChanged. It needs settings.write.
func (a *Access) ChangeOrganisation(ctx context.Context, p idem.Principal, ifVersion *int64, change func(*idem.Organisation)) (idem.Organisation, error) {
	var o idem.Organisation
	if err := p.Require(idem.SettingsWrite); err != nil {
		return o, err
	}
	err := a.store.Update(ctx, p.Org, func(tx store.Tx) (err error) {
		if o, err = tx.Organisations().Get(ctx); err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != o.Version {
			return ErrOrganisationChanged
		}
		before := o
		if err := saveChanged(ctx, tx, &o, change); err != nil || o == before {
			return err
		}
		return a.record(ctx, tx, p.Actor, idem.ActionOrganisationChanged, changesOf(before, o))
	})
	if err != nil {
		return idem.Organisation{}, fmt.Errorf("change the organisation: %w", err)
	}
	return o, nil
}

func saveChanged(ctx context.Context, tx store.Tx, o *idem.Organisation, change func(*idem.Organisation)) error {
	before := *o
	change(o)
	o.ID, o.Version, o.CreatedAt = before.ID, before.Version, before.CreatedAt
	if *o == before {
		return nil
	}
	if !goodName(o.Name) {
		return invalid("name", "the name has 1 to 100 characters")
	}
	if err := o.Settings.Validate(); err != nil {
		return err
	}
	err := tx.Organisations().Save(ctx, o)
	if idem.KindOf(err) == idem.Precondition && err != nil {
		return ErrOrganisationChanged
	}
	return err
}
