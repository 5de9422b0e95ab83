// Package vaulttest makes vaults for the tests of other packages.
package vaulttest

import (
	"path/filepath"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/vault"
)

// New returns an empty vault in a temporary folder that has the keys of the
// instance and of the given organisations. It is closed with the test.
func New(t testing.TB, orgs ...idem.OrgID) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), vault.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Master: vault.NewMaster(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, org := range orgs {
		if err := v.CreateOrg(t.Context(), org); err != nil {
			t.Fatal(err)
		}
	}
	return v
}
