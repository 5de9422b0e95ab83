package storetest

import (
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Immutable checks that not even SQL changes the audit or a gallery log. exec
// runs one statement on the database of the store; more are the statements
// that only its engine knows.
func Immutable(t *testing.T, open Database, exec func(text string) error, more ...string) {
	s := open(t, configure(nil))
	org := NewOrganisation(t, s)
	update(t, s, org, func(tx store.Tx) error { return wholePerson(t, tx, person()) })
	update(t, s, org, func(tx store.Tx) error {
		return tx.Gallery().Append(t.Context(), model, []idem.LogRow{{Op: idem.OpActivate, Ref: 1}})
	})
	if err := s.System().Record(t.Context(), idem.InstanceAction{Type: idem.ActionTrustImported}); err != nil {
		t.Fatal(err)
	}
	statements := []string{
		"UPDATE actions SET person = 'x'",
		"UPDATE actions SET details = details WHERE seq = 1",
		"DELETE FROM actions",
		"UPDATE gallery_log SET subject = 'x' WHERE seq = 2",
		"DELETE FROM gallery_log WHERE seq = 2",
		"UPDATE instance_actions SET details = details",
		"DELETE FROM instance_actions WHERE seq = 1",
	}
	for _, text := range append(statements, more...) {
		if err := exec(text); err == nil || !strings.Contains(err.Error(), "immutable") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if n := len(auditOf(t, s, org)); n != 1 {
		t.Errorf("%d actions, want 1", n)
	}
	if n := len(instanceOf(t, s)); n != 1 {
		t.Errorf("%d actions of the instance, want 1", n)
	}
	if n := len(galleryOf(t, s, org, model, 0, [32]byte{})); n != 2 {
		t.Errorf("%d gallery rows, want 2", n)
	}
}
