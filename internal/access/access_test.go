package access_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

// fixture is one organisation over one store, with a clock that can be put on.
type fixture struct {
	*access.Access
	t     *testing.T
	store *counting
	blind access.Blinder
	org   access.Created
	admin idem.Principal
	skew  atomic.Int64
}

func (f *fixture) now() time.Time { return time.Now().Add(time.Duration(f.skew.Load())) }

// counting counts the look-ups of credentials.
type counting struct {
	store.Store
	finds atomic.Int64
}

func (c *counting) System() store.System { return countingSystem{c.Store.System(), &c.finds} }

type countingSystem struct {
	store.System
	finds *atomic.Int64
}

func (c countingSystem) FindCredential(ctx context.Context, hash [32]byte) (idem.OrgID, idem.Credential, error) {
	c.finds.Add(1)
	return c.System.FindCredential(ctx, hash)
}

func each(t *testing.T, f func(t *testing.T, x *fixture)) {
	t.Helper()
	sealer := storetest.Sealer()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		x := &fixture{t: t, store: &counting{Store: s}, blind: sealer}
		x.Access = x.another()
		x.org = x.create("first@example.com")
		x.admin = x.authenticated(idem.CredentialSecret, x.org.SecretKey)
		f(t, x)
	}, storetest.WithSealer(sealer))
}

// another is the use case of a second process.
func (x *fixture) another() *access.Access {
	return access.New(access.Deps{Store: x.store, Blinder: x.blind, IDs: idem.UUIDv7{}, Now: x.now, Account: "ann",
		Password: access.PasswordCost{Memory: 64, Time: 1, Lanes: 1}})
}

func (x *fixture) create(email string) access.Created {
	x.t.Helper()
	made, err := x.Create(x.t.Context(), access.NewOrganisation{Name: "Org", OperatorEmail: email})
	if err != nil {
		x.t.Fatal(err)
	}
	return made
}

func (x *fixture) authenticated(kind idem.CredentialKind, secret string) idem.Principal {
	x.t.Helper()
	p, err := x.Authenticate(x.t.Context(), kind, secret)
	if err != nil {
		x.t.Fatal(err)
	}
	return p
}

func TestCreate(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		if len(x.org.APIKey) != 47 || strings.Trim(x.org.APIKey, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("API key %q", x.org.APIKey)
		}
		if !strings.HasPrefix(x.org.SecretKey, "sk_") || !strings.HasPrefix(x.org.Bearer, "bt_") {
			t.Errorf("keys %q %q", x.org.SecretKey, x.org.Bearer)
		}
		for kind, secret := range map[idem.CredentialKind]string{
			idem.CredentialPersons: x.org.APIKey, idem.CredentialSecret: x.org.SecretKey, idem.CredentialBearer: x.org.Bearer,
		} {
			p := x.authenticated(kind, secret)
			if p.Org != x.org.OrgID || p.Actor.Source != idem.SourceAPI || p.Actor.Credential == "" {
				t.Errorf("%s: %+v", kind, p)
			}
			if want := access.UsualPermissions(kind); len(want) != len(p.Permissions) {
				t.Errorf("%s has %v", kind, p.Permissions)
			}
		}
		subscriptions, err := x.Subscriptions(t.Context(), x.admin)
		if err != nil {
			t.Fatal(err)
		}
		for _, tech := range idem.Technologies() {
			if !slices.ContainsFunc(subscriptions, func(s idem.Subscription) bool {
				return s.Technology == tech && s.Status == idem.SubscriptionActive && s.Left == idem.Unlimited
			}) {
				t.Errorf("no unlimited subscription of %s", tech)
			}
		}
	})
}

func TestCreateRefusals(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		for _, n := range []access.NewOrganisation{
			{Name: "", OperatorEmail: "a@example.com"}, {Name: "Org", OperatorEmail: "nobody"}, {Name: strings.Repeat("x", 101), OperatorEmail: "a@example.com"},
			{Name: "Org", OperatorEmail: "a@example.com", Settings: idem.Settings{FaceUniqueness: "maybe"}},
		} {
			if _, err := x.Create(t.Context(), n); idem.CodeOf(err) != "VALIDATION_FAILED" {
				t.Errorf("%+v: %v", n, err)
			}
		}
		all, err := x.store.Store.System().ListOrganisations(t.Context())
		if err != nil || len(all) != 1 {
			t.Errorf("organisations %v, %v", all, err)
		}
	})
}

func TestAuthenticateRefusals(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		if _, err := x.Authenticate(t.Context(), idem.CredentialSecret, ""); !errors.Is(err, access.ErrKeyMissing) {
			t.Errorf("no key: %v", err)
		}
		doors := []idem.CredentialKind{idem.CredentialPersons, idem.CredentialSecret, idem.CredentialBearer, idem.CredentialFlow}
		keys := map[idem.CredentialKind]string{idem.CredentialPersons: x.org.APIKey, idem.CredentialSecret: x.org.SecretKey, idem.CredentialBearer: x.org.Bearer}
		for _, door := range doors {
			for kind, secret := range keys {
				if _, err := x.Authenticate(t.Context(), door, secret); kind != door && !errors.Is(err, access.ErrKeyInvalid) {
					t.Errorf("the %s key at the door %s: %v", kind, door, err)
				}
			}
			for _, wrong := range []string{"x", "sk_", strings.Repeat("x", 300), "\x00", x.org.SecretKey + "x", x.org.APIKey[:46]} {
				if _, err := x.Authenticate(t.Context(), door, wrong); !errors.Is(err, access.ErrKeyInvalid) {
					t.Errorf("%q at the door %s: %v", wrong, door, err)
				}
			}
		}
	})
}

func TestTypingFaultsNeedNoLookUp(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		before := x.store.finds.Load()
		rapid.Check(t, func(r *rapid.T) {
			key := []byte(x.org.SecretKey)
			at := rapid.IntRange(0, len(key)-1).Draw(r, "at")
			key[at] = rapid.ByteRange(33, 126).Filter(func(b byte) bool { return b != key[at] }).Draw(r, "typed")
			if _, err := x.Authenticate(t.Context(), idem.CredentialSecret, string(key)); !errors.Is(err, access.ErrKeyInvalid) {
				r.Fatalf("%s: %v", key, err)
			}
		})
		if n := x.store.finds.Load() - before; n != 0 {
			t.Errorf("%d look-ups", n)
		}
	})
}

func TestCacheSparesLookUpsForFiveSeconds(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		start := x.store.finds.Load()
		for range 10 {
			x.authenticated(idem.CredentialSecret, x.org.SecretKey)
		}
		if n := x.store.finds.Load() - start; n > 1 {
			t.Errorf("%d look-ups for ten requests", n)
		}
		x.skew.Add(int64(5 * time.Second))
		x.authenticated(idem.CredentialSecret, x.org.SecretKey)
		if n := x.store.finds.Load() - start; n != 1 {
			t.Errorf("%d look-ups five seconds later", n)
		}
	})
}

func TestRevocation(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		other := x.another()
		c, secret, err := x.CreateCredential(t.Context(), x.admin, access.NewCredential{Kind: idem.CredentialSecret, Name: "n"})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []*access.Access{x.Access, other} {
			if _, err := a.Authenticate(t.Context(), idem.CredentialSecret, secret); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.Revoke(t.Context(), x.admin, c.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Authenticate(t.Context(), idem.CredentialSecret, secret); !errors.Is(err, access.ErrKeyInvalid) {
			t.Errorf("here: %v", err)
		}
		x.skew.Add(int64(5 * time.Second))
		if _, err := other.Authenticate(t.Context(), idem.CredentialSecret, secret); !errors.Is(err, access.ErrKeyInvalid) {
			t.Errorf("in the other process, five seconds later: %v", err)
		}
	})
}

// However look-ups and a revocation interleave, no look-up that began before
// it may bring the credential back.
func TestRevocationDuringLookUps(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		for range 20 {
			c, secret, err := x.CreateCredential(t.Context(), x.admin, access.NewCredential{Kind: idem.CredentialSecret, Name: "n"})
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for range 20 {
						_, _ = x.Authenticate(t.Context(), idem.CredentialSecret, secret)
					}
				})
			}
			if err := x.Revoke(t.Context(), x.admin, c.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := x.Authenticate(t.Context(), idem.CredentialSecret, secret); !errors.Is(err, access.ErrKeyInvalid) {
				t.Errorf("after the revocation: %v", err)
			}
			all.Wait()
			if _, err := x.Authenticate(t.Context(), idem.CredentialSecret, secret); !errors.Is(err, access.ErrKeyInvalid) {
				t.Errorf("at the end: %v", err)
			}
		}
	})
}

func TestExpiry(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		_, secret, err := x.CreateCredential(t.Context(), x.admin, access.NewCredential{Kind: idem.CredentialBearer, Name: "n", ExpiresAt: x.now().Add(2 * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		x.authenticated(idem.CredentialBearer, secret)
		x.skew.Add(int64(2 * time.Second)) // the cache still holds it
		if _, err := x.Authenticate(t.Context(), idem.CredentialBearer, secret); !errors.Is(err, access.ErrKeyInvalid) {
			t.Errorf("expired: %v", err)
		}
	})
}

func TestReveal(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		list, err := x.Credentials(t.Context(), x.admin)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			secret, err := x.Reveal(t.Context(), x.admin, c.ID)
			if c.Kind == idem.CredentialPersons {
				if err != nil || secret != x.org.APIKey {
					t.Errorf("persons: %q, %v", secret, err)
				}
				continue
			}
			if idem.CodeOf(err) != "SECRET_NOT_KEPT" || secret != "" {
				t.Errorf("%s: %q, %v", c.Kind, secret, err)
			}
		}
	})
}

func TestOtherOrganisationsCredentials(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		stranger := x.authenticated(idem.CredentialSecret, x.create("second@example.com").SecretKey)
		list, err := x.Credentials(t.Context(), x.admin)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			if err := x.Revoke(t.Context(), stranger, c.ID); !errors.Is(err, access.ErrCredentialNotFound) {
				t.Errorf("revoke: %v", err)
			}
			if _, err := x.Reveal(t.Context(), stranger, c.ID); !errors.Is(err, access.ErrCredentialNotFound) {
				t.Errorf("reveal: %v", err)
			}
		}
		if _, err := x.ChangeOperator(t.Context(), stranger, x.org.Operator.ID, access.OperatorChange{}); !errors.Is(err, access.ErrOperatorNotFound) {
			t.Errorf("operator: %v", err)
		}
	})
}

func TestEveryCallNeedsItsPermission(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		nobody := idem.Principal{Org: x.org.OrgID}
		ctx := t.Context()
		calls := map[string]func() error{
			"CreateCredential": func() error {
				_, _, err := x.CreateCredential(ctx, nobody, access.NewCredential{Kind: idem.CredentialSecret, Name: "n"})
				return err
			},
			"Credentials":  func() error { _, err := x.Credentials(ctx, nobody); return err },
			"Revoke":       func() error { return x.Revoke(ctx, nobody, "x") },
			"Reveal":       func() error { _, err := x.Reveal(ctx, nobody, "x"); return err },
			"Operators":    func() error { _, err := x.Operators(ctx, nobody); return err },
			"Organisation": func() error { _, err := x.Organisation(ctx, nobody); return err },
			"ChangeOrganisation": func() error {
				_, err := x.ChangeOrganisation(ctx, nobody, nil, func(*idem.Organisation) {})
				return err
			},
			"Subscriptions": func() error { _, err := x.Subscriptions(ctx, nobody); return err },
			"CreateOperator": func() error {
				_, _, err := x.CreateOperator(ctx, nobody, access.NewOperator{Email: "a@example.com", Role: idem.RoleAuditor})
				return err
			},
			"ChangeOperator": func() error {
				_, err := x.ChangeOperator(ctx, nobody, x.org.Operator.ID, access.OperatorChange{})
				return err
			},
		}
		for name, call := range calls {
			if err := call(); !errors.Is(err, idem.ErrRoleForbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		signIn := func(email, password string) []store.OrgOperator {
			found, err := x.SignIn(ctx, email, password)
			if err != nil && !errors.Is(err, access.ErrSignInFailed) {
				t.Fatal(err)
			}
			return found
		}
		found := signIn(" FIRST@example.com ", x.org.Operator.Password)
		if len(found) != 1 || found[0].Org != x.org.OrgID {
			t.Fatalf("signed in as %v", found)
		}
		p := access.OperatorPrincipal(found[0])
		if p.Actor.Source != idem.SourceCabinet || p.Actor.Operator != x.org.Operator.ID || p.Require(idem.PersonsErase) != nil {
			t.Errorf("principal %+v", p)
		}
		for _, wrong := range [][2]string{{"first@example.com", "wrong password"}, {"first@example.com", ""}, {"nobody@example.com", x.org.Operator.Password},
			{"", ""}, {"first@example.com", strings.Repeat("x", 5000)}} {
			if got := signIn(wrong[0], wrong[1]); got != nil {
				t.Errorf("%v signed in as %v", wrong, got)
			}
		}
	})
}

func TestSignInToSeveralOrganisations(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		second := x.authenticated(idem.CredentialSecret, x.create("second@example.com").SecretKey)
		const password = "correct horse battery"
		for _, p := range []idem.Principal{x.admin, second} {
			if _, _, err := x.CreateOperator(ctx, p, access.NewOperator{Email: "both@example.com", Role: idem.RoleOperator, Password: password}); err != nil {
				t.Fatal(err)
			}
		}
		found, err := x.SignIn(ctx, "both@example.com", password)
		if err != nil || len(found) != 2 {
			t.Fatalf("%v, %v", found, err)
		}
		on := true
		for _, o := range found {
			if o.Org == second.Org {
				if _, err := x.ChangeOperator(ctx, second, o.Operator.ID, access.OperatorChange{Disabled: &on}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if found, err = x.SignIn(ctx, "both@example.com", password); err != nil || len(found) != 1 || found[0].Org != x.org.OrgID {
			t.Errorf("with one disabled: %v, %v", found, err)
		}
		renewed := "another long password"
		if _, err := x.ChangeOperator(ctx, x.admin, found[0].Operator.ID, access.OperatorChange{Password: &renewed}); err != nil {
			t.Fatal(err)
		}
		if _, err := x.SignIn(ctx, "both@example.com", password); !errors.Is(err, access.ErrSignInFailed) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := x.SignIn(ctx, "both@example.com", renewed); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}

func TestLastAdminInParallel(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		ctx, on := t.Context(), true
		ids := []idem.OperatorID{x.org.Operator.ID}
		for _, email := range []string{"b@example.com", "c@example.com", "d@example.com"} {
			o, _, err := x.CreateOperator(ctx, x.admin, access.NewOperator{Email: email, Role: idem.RoleAdmin})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, o.ID)
		}
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() { _, _ = x.ChangeOperator(ctx, x.admin, id, access.OperatorChange{Disabled: &on}) })
		}
		all.Wait()
		list, err := x.Operators(ctx, x.admin)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(list, func(o idem.Operator) bool { return o.DisabledAt.IsZero() }) {
			t.Error("no admin is left")
		}
	})
}

func TestPasswordHashes(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		list, err := x.Operators(t.Context(), x.admin)
		if err != nil {
			t.Fatal(err)
		}
		hash := list[0].PasswordHash
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") || strings.Contains(hash, x.org.Operator.Password) {
			t.Errorf("hash %q", hash)
		}
	})
}

func TestSubscriptions(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		statuses := func() (out []string) {
			list, err := x.SubscriptionsOf(ctx, x.org.OrgID)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				if s.Technology == idem.TechPersons {
					out = append(out, string(s.Status))
				}
			}
			return out
		}
		later, err := x.Grant(ctx, x.org.OrgID, access.Grant{Technology: idem.TechPersons, Total: 100})
		if err != nil || later.Status != idem.SubscriptionFuture {
			t.Errorf("beside a running one: %+v, %v", later, err)
		}
		if err := x.Limit(ctx, x.org.OrgID, idem.TechPersons, 5); err != nil {
			t.Fatal(err)
		}
		if got := statuses(); !slices.Equal(got, []string{"EXPIRED", "EXPIRED", "ACTIVE"}) {
			t.Errorf("after the limit: %v", got)
		}
		if err := x.Limit(ctx, x.org.OrgID, idem.TechPersons, 0); err != nil {
			t.Fatal(err)
		}
		if got := statuses(); slices.Contains(got, "ACTIVE") {
			t.Errorf("taken away: %v", got)
		}
		for _, g := range []access.Grant{{Technology: "NOSE", Total: 1}, {Technology: idem.TechPersons}, {Technology: idem.TechPersons, Total: -7},
			{Technology: idem.TechPersons, Total: 1, StartsAt: x.now(), EndsAt: x.now().Add(-time.Hour)}} {
			if _, err := x.Grant(ctx, x.org.OrgID, g); idem.KindOf(err) != idem.Unprocessable {
				t.Errorf("%+v: %v", g, err)
			}
		}
	})
}

func TestSecretsAreNotKept(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		list, err := x.Credentials(t.Context(), x.admin)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			if len(c.Hint) != 4 || c.Name == "" {
				t.Errorf("credential %+v", c)
			}
		}
	})
}
