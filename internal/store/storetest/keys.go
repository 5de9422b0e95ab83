package storetest

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// OldKeys checks what became of the keys of older programs. exec runs one text
// on the database of the store.
func OldKeys(t *testing.T, open Database, exec func(text string) error) {
	s := open(t, configure(nil))
	org := NewOrganisation(t, s)
	all := idem.AllPermissions()
	without := func(list ...idem.Permission) []idem.Permission {
		return slices.DeleteFunc(slices.Clone(all), func(p idem.Permission) bool { return slices.Contains(list, p) })
	}
	flows := []idem.Permission{idem.FlowsRead, idem.FlowsManage, idem.SessionsRead, idem.SessionsOpen}
	usual := []idem.Permission{idem.PersonsRead, idem.PersonsWrite, idem.PicturesRead, idem.ActionsRead}
	keys := []struct {
		kind     idem.CredentialKind
		old, now []idem.Permission
	}{
		{idem.CredentialPersons, usual, append(slices.Clone(usual), idem.ChecksRun)},
		{idem.CredentialPersons, usual[:3], usual[:3]},
		{idem.CredentialBearer, usual, usual},
		{idem.CredentialSecret, without(append(flows, idem.ChecksRun)...), all},
		{idem.CredentialSecret, without(flows...), all},
		{idem.CredentialSecret, without(idem.PersonsErase), without(idem.PersonsErase)},
		{idem.CredentialSecret, usual, usual},
	}
	update(t, s, org, func(tx store.Tx) error {
		for i, k := range keys {
			c := idem.Credential{ID: idem.CredentialID(fmt.Sprint(i)), Kind: k.kind, Permissions: k.old}
			if err := tx.Credentials().Insert(t.Context(), c, [32]byte{byte(i)}, ""); err != nil {
				return err
			}
		}
		return nil
	})
	text, err := os.ReadFile("../sqltext/migrations/00010_key_permissions.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := exec(string(text)); err != nil {
		t.Fatal(err)
	}
	view(t, s, org, func(tx store.Tx) error {
		list, err := tx.Credentials().List(t.Context())
		for i, c := range list {
			if !slices.Equal(c.Permissions, keys[i].now) {
				t.Errorf("a %s key of %v has %v, want %v", c.Kind, keys[i].old, c.Permissions, keys[i].now)
			}
		}
		return err
	})
}
