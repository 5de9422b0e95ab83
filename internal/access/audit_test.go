package access_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/store"
)

// TestChangesAreRecorded: each change of an organisation as a whole is one entry
// of the instance's audit that says who made it, and nothing secret or personal.
func TestChangesAreRecorded(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		begun := len(entries(t, x, 0))
		if want := 5 + len(idem.Technologies()); begun != want {
			t.Errorf("an organisation has %d entries, want %d: itself, three keys, an operator, its subscriptions", begun, want)
		}
		key, secret, err := x.CreateCredential(ctx, x.admin, access.NewCredential{Kind: idem.CredentialPersons, Name: "key of Ann Example"})
		must(err)
		for range 2 {
			if shown, err := x.Reveal(ctx, x.admin, key.ID); err != nil || shown != secret {
				t.Errorf("shown again: %v", err)
			}
		}
		if _, err := x.Reveal(ctx, x.admin, x.admin.Actor.Credential); err == nil {
			t.Error("a key that is a hash was shown")
		}
		must(x.Revoke(ctx, x.admin, key.ID))
		must(x.Revoke(ctx, x.admin, key.ID))
		o, password, err := x.CreateOperator(ctx, x.admin, access.NewOperator{Email: "second@example.com", Role: idem.RoleAuditor})
		must(err)
		role, yes := idem.RoleOperator, true
		for range 2 { // the second one changes nothing
			_, err = x.ChangeOperator(ctx, x.admin, o.ID, access.OperatorChange{Role: &role, Disabled: &yes})
			must(err)
		}
		for range 2 {
			_, err = x.ChangeOrganisation(ctx, x.admin, nil, func(o *idem.Organisation) { o.Name, o.Settings.MaxPhotos = "Ann Example Ltd", 7 })
			must(err)
		}
		_, err = x.ChangeOrganisation(ctx, x.admin, nil, func(o *idem.Organisation) { o.Settings.MaxPhotos = 0 })
		if err == nil {
			t.Error("a setting out of range was taken")
		}
		must(x.Limit(ctx, x.admin.Org, idem.TechLivenessShort, 9))

		got := entries(t, x, begun)
		var kinds []idem.InstanceActionType
		for _, a := range got {
			kinds = append(kinds, a.Type)
			atCommandLine := a.Type == idem.ActionSubscriptionEnded || a.Type == idem.ActionSubscriptionGranted
			if a.Org != x.admin.Org || (a.Account == "ann") != atCommandLine || (a.Actor == x.admin.Actor) == atCommandLine {
				t.Errorf("%s is of %+v, account %q", a.Type, a.Actor, a.Account)
			}
		}
		want := []idem.InstanceActionType{idem.ActionKeyCreated, idem.ActionKeyRevealed, idem.ActionKeyRevealed, idem.ActionKeyRevoked, idem.ActionOperatorCreated, idem.ActionOperatorChanged,
			idem.ActionOrganisationChanged, idem.ActionSubscriptionEnded, idem.ActionSubscriptionGranted}
		if !slices.Equal(kinds, want) {
			t.Fatalf("entries %v, want %v", kinds, want)
		}
		if d := got[5].Details; d["disabled"] != true || d["role"].(map[string]any)["new"] != "operator" || d["password"] != nil {
			t.Errorf("the change of an operator: %v", d)
		}
		if d := got[6].Details; d["name"] != "changed" || fmt.Sprint(d["max_photos"]) != "map[new:7 old:50]" || len(d) != 2 {
			t.Errorf("the change of the organisation: %v", d)
		}
		if d := got[1].Details; d["key"] != string(key.ID) || d["kind"] != "persons" || len(d) != 2 {
			t.Errorf("a key that was shown: %v", d)
		}
		text := fmt.Sprint(entries(t, x, 0))
		for _, private := range []string{"Ann", "example.com", secret, password, x.org.APIKey, x.org.SecretKey, x.org.Bearer} {
			if strings.Contains(text, private) {
				t.Errorf("the audit tells %q", private)
			}
		}
	})
}

// meeting is a store whose updates wait until as many have come as are expected.
type meeting struct {
	store.Store
	expected sync.WaitGroup
}

func (m *meeting) Update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	m.expected.Done()
	m.expected.Wait()
	return m.Store.Update(ctx, org, f)
}

// TestRevokesAtOneMoment: both find the key in use, one ends it.
func TestRevokesAtOneMoment(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		key, _, err := x.CreateCredential(t.Context(), x.admin, access.NewCredential{Kind: idem.CredentialPersons, Name: "key"})
		if err != nil {
			t.Fatal(err)
		}
		m := &meeting{Store: x.store}
		m.expected.Add(2)
		both := access.New(access.Deps{Store: m, Blinder: x.blind, IDs: idem.UUIDv7{}, Now: x.now})
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() {
				if err := both.Revoke(t.Context(), x.admin, key.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		n := 0
		for _, a := range entries(t, x, 0) {
			if a.Type == idem.ActionKeyRevoked && a.Details["key"] == string(key.ID) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the audit has %d revocations of the key, want 1", n)
		}
	})
}

// entries returns the instance's audit behind a position.
func entries(t *testing.T, x *fixture, after int) []idem.InstanceAction {
	t.Helper()
	all, err := x.store.System().InstanceActions(t.Context(), int64(after), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
