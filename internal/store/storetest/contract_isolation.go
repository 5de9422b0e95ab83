package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// testTextExact stores texts that stand in clear columns: what looks alike
// must stay apart and come back unchanged.
func testTextExact(t *testing.T, f fixture) {
	values := lookalikes()
	update(t, f, f.org, func(tx store.Tx) error {
		for _, value := range values {
			p := person()
			p.ID, p.DataKey = idem.PersonID(value), idem.DataKeyID(value)
			if err := tx.Persons().Insert(t.Context(), p); err != nil {
				t.Errorf("person %q: %v", value, err)
			}
			if err := tx.Gallery().Append(t.Context(), value, []idem.LogRow{reserve(value)}); err != nil {
				return err
			}
			if first, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: value}); first != nil || err != nil {
				t.Errorf("key %q: %+v, %v", value, first, err)
			}
		}
		return nil
	})
	view(t, f, f.org, func(tx store.Tx) error {
		for _, value := range values {
			p, err := tx.Persons().Get(t.Context(), idem.PersonID(value))
			if err != nil || string(p.ID) != value || string(p.DataKey) != value {
				t.Errorf("person %q came back as %q, %v", value, p.ID, err)
			}
			rows, err := tx.Gallery().Rows(t.Context(), value, 0, 10)
			if err != nil || len(rows) != 1 || rows[0].Subject != value {
				t.Errorf("log %q has %d rows, %v", value, len(rows), err)
			}
		}
		return nil
	})
}

func testTextRefusals(t *testing.T, f fixture) {
	for _, text := range []string{"a\x00b", "\x00", "\xff", "a\xc3"} {
		p := person()
		p.ID = idem.PersonID(text)
		want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Persons().Insert(t.Context(), p) }), store.ErrText)
		want(t, f.View(t.Context(), f.org, func(tx store.Tx) error {
			_, err := tx.Persons().Get(t.Context(), p.ID)
			return err
		}), idem.ErrPersonNotFound)
		want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error {
			return tx.Credentials().Insert(t.Context(), idem.Credential{ID: "c", Name: text}, hashOf("x"), "")
		}), store.ErrText)
	}
}

// testIsolation fills one organisation and tries everything from another one.
func testIsolation(t *testing.T, f fixture) {
	p := NewPerson(t, f, f.org)
	a := addAlias(t, f, f.org, p, "secret")
	ph, sub, cred, op := photo(p, idem.PhotoOther), subscription(5), credential(idem.CredentialPersons), operator("a@example.org")
	update(t, f, f.org, func(tx store.Tx) error {
		for _, err := range []error{
			tx.Photos().Insert(t.Context(), ph), tx.Subscriptions().Insert(t.Context(), sub),
			tx.Credentials().Insert(t.Context(), cred, hashOf("s"), "s"), tx.Operators().Insert(t.Context(), op),
			tx.Actions().Append(t.Context(), idem.Action{Person: p.ID}),
		} {
			if err != nil {
				return err
			}
		}
		_, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: "k", Request: hashOf("mine")})
		return err
	})
	pendingEntries(t, f, -time.Hour)
	update(t, f, f.org, func(tx store.Tx) error {
		return tx.Gallery().PutTemplates(t.Context(), model, map[idem.Seq][]byte{1: []byte("sealed")})
	})
	before := everything(t, f, f.org, p.ID)
	other := NewOrganisation(t, f)
	seesNothing(t, f, other, p.ID)
	for name, c := range trespasses(t, p, a, ph, sub, cred, op) {
		t.Run(name, func(t *testing.T) { want(t, f.Update(t.Context(), other, c.do), c.want) })
	}
	if diff := cmp.Diff(before, everything(t, f, f.org, p.ID)); diff != "" {
		t.Errorf("another organisation changed something (-before +after):\n%s", diff)
	}
}

type trespass struct {
	do   func(store.Tx) error
	want error
}

// trespasses are all changes of what belongs to another organisation; a nil
// refusal stands for a change that must meet nothing.
func trespasses(t *testing.T, p idem.Person, a idem.Alias, ph idem.Photo, sub idem.Subscription, cred idem.Credential, op idem.Operator) map[string]trespass {
	ctx := t.Context()
	a.Norm = "changed"
	own := photo(p, idem.PhotoOther)
	return map[string]trespass{
		"save person":    {func(tx store.Tx) error { return tx.Persons().Save(ctx, p) }, idem.ErrPersonNotFound},
		"lock person":    {func(tx store.Tx) error { _, err := tx.Persons().GetForUpdate(ctx, p.ID); return err }, idem.ErrPersonNotFound},
		"insert alias":   {func(tx store.Tx) error { return tx.Aliases().Insert(ctx, p.DataKey, custom(p, "x")) }, idem.ErrPersonNotFound},
		"update alias":   {func(tx store.Tx) error { return tx.Aliases().Update(ctx, p.DataKey, a) }, idem.ErrAliasNotFound},
		"delete alias":   {func(tx store.Tx) error { return tx.Aliases().Delete(ctx, p.ID, a.ID) }, idem.ErrAliasNotFound},
		"free aliases":   {func(tx store.Tx) error { return tx.Aliases().SetLive(ctx, p.ID, false) }, nil},
		"delete aliases": {func(tx store.Tx) error { return tx.Aliases().DeleteAll(ctx, p.ID) }, nil},
		"delete photo":   {func(tx store.Tx) error { return tx.Photos().Delete(ctx, p.ID, ph.ID) }, idem.ErrPhotoNotFound},
		"default photo":  {func(tx store.Tx) error { return tx.Photos().SetDefault(ctx, p.ID, ph.ID) }, idem.ErrPersonNotFound},
		"photo entry":    {func(tx store.Tx) error { return tx.Photos().SetEntry(ctx, p.ID, ph.ID, 9) }, idem.ErrPhotoNotFound},
		"insert photo":   {func(tx store.Tx) error { return refused(tx.Photos().Insert(ctx, own)) }, errRefused},
		"subscription":   {func(tx store.Tx) error { return tx.Subscriptions().Save(ctx, sub) }, store.ErrSubscriptionNotFound},
		"template":       {func(tx store.Tx) error { return tx.Gallery().DeleteTemplate(ctx, model, 1) }, nil},
		"put template": {func(tx store.Tx) error {
			return refused(tx.Gallery().PutTemplates(ctx, model, map[idem.Seq][]byte{1: {1}}))
		}, errRefused},
		"put pending": {func(tx store.Tx) error {
			return refused(tx.Gallery().PutPending(ctx, model, []store.Lease{{Seq: 1}}))
		}, errRefused},
		"take pending": {func(tx store.Tx) error { _, err := tx.Gallery().TakePending(ctx, model, 1, 1); return err }, nil},
		"renew pending": {func(tx store.Tx) error {
			_, _, err := tx.Gallery().RenewPending(ctx, model, store.Lease{Seq: 1, Epoch: 1})
			return err
		}, nil},
		"reveal":        {func(tx store.Tx) error { _, err := tx.Credentials().Reveal(ctx, cred.ID); return err }, store.ErrCredentialUnknown},
		"revoke":        {func(tx store.Tx) error { _, err := tx.Credentials().Revoke(ctx, cred.ID); return err }, store.ErrCredentialUnknown},
		"save operator": {func(tx store.Tx) error { return tx.Operators().Save(ctx, op) }, store.ErrOperatorUnknown},
		"finish":        {func(tx store.Tx) error { return tx.Idempotency().Finish(ctx, "k", 200, nil) }, store.ErrIdempotencyUnknown},
		"forget":        {func(tx store.Tx) error { return tx.Idempotency().Forget(ctx, "k") }, nil},
		"append":        {func(tx store.Tx) error { return tx.Actions().Append(ctx, idem.Action{Person: p.ID}) }, nil},
	}
}

var errRefused = idem.Errorf(idem.Internal, "TEST_REFUSED", "refused as it should be")

// refused turns any error into the same one.
func refused(err error) error {
	if err == nil {
		return nil
	}
	return errRefused
}

// holdings is what an organisation can read of a person and of itself.
type holdings struct {
	Persons  int64
	People   []idem.Person
	Aliases  []idem.Alias
	Owners   map[store.AliasKey]idem.PersonID
	Photos   []idem.Photo
	Actions  []idem.Action
	Chain    []idem.Action
	Subs     []idem.Subscription
	Locked   []idem.Subscription
	Models   []string
	Rows     []store.StoredRow
	Template []byte
	Pending  []store.Lease
	Creds    []idem.Credential
	Ops      []idem.Operator
}

func everything(t *testing.T, s store.Store, org idem.OrgID, p idem.PersonID) (h holdings) {
	t.Helper()
	ctx := t.Context()
	errs := make([]error, 15)
	update(t, s, org, func(tx store.Tx) error {
		h.Persons, errs[0] = tx.Persons().Count(ctx, store.PersonQuery{State: store.StateAll})
		h.People, _, errs[1] = tx.Persons().List(ctx, store.PersonQuery{IDs: []idem.PersonID{p}}, store.Page{Limit: 10})
		h.Aliases, errs[2] = tx.Aliases().List(ctx, p)
		h.Owners, errs[3] = tx.Aliases().Owners(ctx, []store.AliasKey{{Type: idem.AliasCustom, Norm: "secret"}})
		h.Photos, errs[4] = tx.Photos().List(ctx, p)
		h.Actions, _, errs[5] = tx.Actions().List(ctx, store.ActionQuery{}, store.Page{Limit: 10})
		h.Chain, errs[6] = tx.Actions().Chain(ctx, 0, 10)
		h.Subs, errs[7] = tx.Subscriptions().List(ctx)
		h.Locked, errs[8] = tx.Subscriptions().ListForUpdate(ctx, idem.TechPersons)
		h.Models, errs[9] = tx.Gallery().Models(ctx)
		h.Rows, errs[10] = tx.Gallery().Rows(ctx, model, 0, 10)
		h.Template, errs[11] = tx.Gallery().Template(ctx, model, 1)
		h.Pending, errs[12] = tx.Gallery().ExpiredPending(ctx, model, 10)
		h.Creds, errs[13] = tx.Credentials().List(ctx)
		h.Ops, errs[14] = tx.Operators().List(ctx)
		return nil
	})
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	return h
}

func seesNothing(t *testing.T, f fixture, other idem.OrgID, p idem.PersonID) {
	t.Helper()
	got := everything(t, f, other, p)
	if len(got.Owners) == 0 {
		got.Owners = nil
	}
	if diff := cmp.Diff(holdings{}, got); diff != "" {
		t.Errorf("another organisation sees (-nothing +got):\n%s", diff)
	}
	update(t, f, other, func(tx store.Tx) error {
		earlier, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: "k"})
		if earlier != nil {
			t.Error("another organisation's idempotency key is taken")
		}
		if err != nil {
			return err
		}
		return tx.Idempotency().Forget(t.Context(), "k")
	})
}

// testSameInBoth gives two organisations equal identifiers, which each must
// find its own rows under.
func testSameInBoth(t *testing.T, f fixture) {
	other := NewOrganisation(t, f)
	p := person()
	a, ph := custom(p, "same"), photo(p, idem.PhotoOther)
	for i, org := range []idem.OrgID{f.org, other} {
		p.Version = int64(i + 1)
		ph.Width = 100 * (i + 1)
		update(t, f, org, func(tx store.Tx) error {
			if err := tx.Persons().Insert(t.Context(), p); err != nil {
				return err
			}
			if err := tx.Aliases().Insert(t.Context(), p.DataKey, a); err != nil {
				return err
			}
			return tx.Photos().Insert(t.Context(), ph)
		})
	}
	for i, org := range []idem.OrgID{f.org, other} {
		view(t, f, org, func(tx store.Tx) error {
			got, err := tx.Persons().Get(t.Context(), p.ID)
			if err != nil || got.Version != int64(i+1) {
				t.Errorf("version %d in organisation %d, %v", got.Version, i, err)
			}
			pics, err := tx.Photos().List(t.Context(), p.ID)
			if err != nil || len(pics) != 1 || pics[0].Width != 100*(i+1) {
				t.Errorf("photos in organisation %d: %+v, %v", i, pics, err)
			}
			return nil
		})
		if got := ownerOf(t, f, org, "same"); got != p.ID {
			t.Errorf("owner in organisation %d: %q", i, got)
		}
	}
}

// testForeignKeys writes children whose parents exist only elsewhere or not at
// all.
func testForeignKeys(t *testing.T, f fixture) {
	other := NewOrganisation(t, f)
	p := NewPerson(t, f, f.org)
	for name, c := range map[string]struct {
		org idem.OrgID
		do  func(store.Tx) error
	}{
		"photo of another's person": {other, func(tx store.Tx) error { return tx.Photos().Insert(t.Context(), photo(p, idem.PhotoOther)) }},
		"person of no organisation": {"nowhere", func(tx store.Tx) error { return tx.Persons().Insert(t.Context(), person()) }},
		"log of no organisation": {"nowhere", func(tx store.Tx) error {
			return tx.Gallery().Append(t.Context(), model, []idem.LogRow{reserve("x")})
		}},
		"template of no row": {f.org, func(tx store.Tx) error {
			return tx.Gallery().PutTemplates(t.Context(), model, map[idem.Seq][]byte{9: {1}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := f.Update(t.Context(), c.org, c.do); err == nil {
				t.Error("was accepted")
			}
		})
	}
}
