package storetest

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func credential(kind idem.CredentialKind) idem.Credential {
	return idem.Credential{ID: idem.CredentialID(newID()), Kind: kind, Name: "Schlüssel", Hint: "abcd",
		Permissions: []idem.Permission{idem.PersonsRead, idem.PicturesRead}, CreatedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
}

func hashOf(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

func testCredentials(t *testing.T, f fixture) {
	a, b := credential(idem.CredentialPersons), credential(idem.CredentialBearer)
	b.CreatedAt, b.ExpiresAt, b.Permissions = a.CreatedAt.Add(time.Second), a.CreatedAt.AddDate(1, 0, 0), nil
	update(t, f, f.org, func(tx store.Tx) error {
		if err := tx.Credentials().Insert(t.Context(), a, hashOf("pk_secret"), "pk_secret"); err != nil {
			return err
		}
		return tx.Credentials().Insert(t.Context(), b, hashOf("bearer"), "")
	})
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Credentials().List(t.Context())
		if diff := cmp.Diff([]idem.Credential{a, b}, got); diff != "" {
			t.Errorf("credentials differ (-want +got):\n%s", diff)
		}
		if secret, err := tx.Credentials().Reveal(t.Context(), a.ID); secret != "pk_secret" || err != nil {
			t.Errorf("revealed %q, %v", secret, err)
		}
		for _, id := range []idem.CredentialID{b.ID, "unknown"} {
			_, err := tx.Credentials().Reveal(t.Context(), id)
			want(t, err, store.ErrCredentialUnknown)
		}
		return err
	})
	org, found, err := f.System().FindCredential(t.Context(), hashOf("bearer"))
	if diff := cmp.Diff(b, found); diff != "" || org != f.org || err != nil {
		t.Errorf("found in %q, %v:\n%s", org, err, diff)
	}
	_, _, err = f.System().FindCredential(t.Context(), hashOf("wrong"))
	want(t, err, store.ErrCredentialUnknown)
	checkRevoke(t, f, a, hashOf("pk_secret"))
}

func checkRevoke(t *testing.T, f fixture, c idem.Credential, hash [32]byte) {
	var at time.Time
	revoke := func(id idem.CredentialID) (ended bool, err error) {
		return ended, f.Update(t.Context(), f.org, func(tx store.Tx) (err error) {
			if at.IsZero() {
				at = tx.Now()
			}
			ended, err = tx.Credentials().Revoke(t.Context(), id)
			return err
		})
	}
	for _, first := range []bool{true, false} {
		if ended, err := revoke(c.ID); ended != first || err != nil {
			t.Errorf("revoked: ended %v, want %v; %v", ended, first, err)
		}
		_, found, err := f.System().FindCredential(t.Context(), hash)
		if !found.RevokedAt.Equal(at) || err != nil {
			t.Errorf("revoked at %v, want %v; %v", found.RevokedAt, at, err)
		}
	}
	_, err := revoke("unknown")
	want(t, err, store.ErrCredentialUnknown)
}

func operator(email string) idem.Operator {
	return idem.Operator{ID: idem.OperatorID(newID()), Email: email, PasswordHash: "$argon2id$v=19$x", Role: idem.RoleOperator,
		CreatedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
}

func testOperators(t *testing.T, f fixture) {
	ann, upper := operator("ann@example.org"), operator("Ann@example.org")
	upper.CreatedAt = ann.CreatedAt.Add(time.Second)
	insert := func(org idem.OrgID, o idem.Operator) error {
		return f.Update(t.Context(), org, func(tx store.Tx) error { return tx.Operators().Insert(t.Context(), o) })
	}
	want(t, insert(f.org, ann), nil)
	want(t, insert(f.org, upper), nil)
	want(t, insert(f.org, operator("ann@example.org")), store.ErrOperatorExists)
	want(t, insert(f.org, operator("ann\x00")), store.ErrText)
	second := NewOrganisation(t, f)
	elsewhere := operator("ann@example.org")
	want(t, insert(second, elsewhere), nil)

	ann.Role, ann.PasswordHash, ann.DisabledAt = idem.RoleAdmin, "$other", ann.CreatedAt.Add(time.Hour)
	update(t, f, f.org, func(tx store.Tx) error {
		want(t, tx.Operators().Save(t.Context(), elsewhere), store.ErrOperatorUnknown)
		return tx.Operators().Save(t.Context(), ann)
	})
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Operators().List(t.Context())
		if diff := cmp.Diff([]idem.Operator{ann, upper}, got); diff != "" {
			t.Errorf("operators differ (-want +got):\n%s", diff)
		}
		one, err2 := tx.Operators().Get(t.Context(), ann.ID)
		if diff := cmp.Diff(ann, one); diff != "" || err2 != nil {
			t.Errorf("operator differs: %v\n%s", err2, diff)
		}
		_, missing := tx.Operators().Get(t.Context(), elsewhere.ID)
		want(t, missing, store.ErrOperatorUnknown)
		return err
	})
	found, err := f.System().FindOperators(t.Context(), "ann@example.org")
	orgs := map[idem.OrgID]idem.Operator{}
	for _, o := range found {
		orgs[o.Org] = o.Operator
	}
	if diff := cmp.Diff(map[idem.OrgID]idem.Operator{f.org: ann, second: elsewhere}, orgs); diff != "" || err != nil {
		t.Errorf("operators of the address: %v\n%s", err, diff)
	}
	if none, err := f.System().FindOperators(t.Context(), "bob@example.org"); len(none) != 0 || err != nil {
		t.Errorf("operators of an unknown address: %v, %v", none, err)
	}
}

func testIdempotency(t *testing.T, f fixture) {
	row := store.IdempotencyRow{Key: "cred POST /v1/persons key-1", Request: hashOf("body")}
	begin := func() (earlier *store.IdempotencyRow, at time.Time) {
		update(t, f, f.org, func(tx store.Tx) (err error) {
			at = tx.Now()
			earlier, err = tx.Idempotency().Begin(t.Context(), row)
			return err
		})
		return earlier, at
	}
	first, at := begin()
	if first != nil {
		t.Fatalf("an unused key has %+v", first)
	}
	row.CreatedAt = at
	second, _ := begin()
	if diff := cmp.Diff(&row, second); diff != "" {
		t.Errorf("claimed row differs (-want +got):\n%s", diff)
	}
	update(t, f, f.org, func(tx store.Tx) error {
		want(t, tx.Idempotency().Finish(t.Context(), "other", 200, nil), store.ErrIdempotencyUnknown)
		return tx.Idempotency().Finish(t.Context(), row.Key, 201, []byte(`{"id":1}`))
	})
	row.Status, row.Body = 201, []byte(`{"id":1}`)
	third, _ := begin()
	if diff := cmp.Diff(&row, third); diff != "" {
		t.Errorf("finished row differs (-want +got):\n%s", diff)
	}
	update(t, f, f.org, func(tx store.Tx) error { return tx.Idempotency().Forget(t.Context(), row.Key) })
	if again, _ := begin(); again != nil {
		t.Errorf("a forgotten key has %+v", again)
	}
	if n, err := f.System().ExpireIdempotency(t.Context(), at); n != 0 || err != nil {
		t.Errorf("expired %d, %v", n, err)
	}
	if n, err := f.System().ExpireIdempotency(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("expired %d, %v; want 1", n, err)
	}
}

func testIdempotencyRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	first := make([]bool, 32)
	errs := parallel(32, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			earlier, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: "k"})
			first[i] = earlier == nil
			return err
		})
	})
	n := 0
	for i, err := range errs {
		if err != nil {
			t.Error(err)
		}
		if first[i] {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d requests were the first, want 1", n)
	}
}
