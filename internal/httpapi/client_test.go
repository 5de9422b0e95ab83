package httpapi_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"testing"
	"time"

	"github.com/idem-id/idem/client"
)

// TestPublicClient goes through the whole API with the public client.
func TestPublicClient(t *testing.T) {
	each(t, func(w *world) {
		c, err := client.New(w.url, w.key, client.WithHTTPClient(w.client))
		if err != nil {
			t.Fatal(err)
		}
		ann := clientPersons(w, c)
		clientFaces(w, c, ann)
		clientAccess(w, c)
		clientEnd(w, c, ann)
	})
}

// must fails the test on an error.
func must[T any](v T, err error) func(*world) T {
	return func(w *world) T {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
		return v
	}
}

func clientPersons(w *world, c *client.Client) client.CreatedPerson {
	ctx := w.t.Context()
	ann := must(c.CreatePerson(ctx, client.NewPerson{Image: portrait("ann", 0), PhotoType: client.PhotoLive, Verified: true,
		Aliases: []client.NewAlias{{Type: client.AliasPhone, Value: "+77010000001"}}}))(w)
	if !ann.Verified || len(ann.Aliases) != 2 || ann.Photos[0].FaceCode != "OK" || ann.Version != 1 || time.Since(ann.CreatedAt) > time.Hour {
		w.t.Errorf("created %+v", ann)
	}
	again := must(c.CreatePerson(ctx, client.NewPerson{Image: portrait("ann", 1), PhotoType: client.PhotoOther}))(w)
	if len(again.SimilarPersons) != 1 || again.SimilarPersons[0].PersonID != ann.ID || !again.SimilarPersons[0].Duplicate {
		w.t.Errorf("similar %+v", again.SimilarPersons)
	}
	if err := c.DeletePerson(ctx, again.ID); err != nil {
		w.t.Error(err)
	}
	if found := must(c.FindPersons(ctx, client.NewAlias{Value: "8 701 000 00 01"}))(w); found.Match != "one" || found.PersonIDs[0] != ann.ID {
		w.t.Errorf("found %+v", found)
	}
	if changed := must(c.SetVerified(ctx, ann.ID, false, &ann.Version))(w); changed.Verified || changed.Version != 2 {
		w.t.Errorf("changed %+v", changed)
	}
	if _, err := c.SetVerified(ctx, ann.ID, true, &ann.Version); client.CodeOf(err) != "VERSION_MISMATCH" {
		w.t.Errorf("a stale change: %v", err)
	}
	clientParts(w, c, ann.ID)
	var ids []string
	for p, err := range c.Persons(ctx, client.PersonsQuery{State: "all", PageSize: 1, Order: "oldest", CreatedFrom: ann.CreatedAt}) {
		ids = append(ids, must(p, err)(w).ID)
	}
	if fmt.Sprint(ids) != fmt.Sprint([]string{ann.ID, again.ID}) {
		w.t.Errorf("persons %v", ids)
	}
	return ann
}

func clientParts(w *world, c *client.Client, id string) {
	ctx := w.t.Context()
	alias := must(c.AddAlias(ctx, id, client.NewAlias{Type: client.AliasCustom, Value: "crm 1"}))(w)
	if a := must(c.ChangeAlias(ctx, id, alias.ID, "crm 2"))(w); a.Value != "crm 2" {
		w.t.Errorf("alias %+v", a)
	}
	if err := c.RemoveAlias(ctx, id, alias.ID); err != nil {
		w.t.Error(err)
	}
	photo := must(c.AddPhoto(ctx, id, portrait("ann", 2), client.PhotoDigital))(w)
	data, mime, err := c.PhotoImage(ctx, id, photo.ID)
	if err != nil || mime != "image/jpeg" {
		w.t.Fatal(mime, err)
	}
	if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil {
		w.t.Error(err)
	}
	first := must(c.Person(ctx, id))(w).Photos[0]
	if f := must(c.SetDefaultPhoto(ctx, id, first.ID))(w); !f.Default {
		w.t.Errorf("photo %+v", f)
	}
	if err := c.RemovePhoto(ctx, id, photo.ID); err != nil {
		w.t.Error(err)
	}
	kinds := map[string]int{}
	for a, err := range c.Actions(ctx, id, client.ActionsQuery{PageSize: 2}) {
		kinds[must(a, err)(w).Type]++
	}
	if kinds["ALIAS_ADDED"] != 2 || kinds["ALIAS_UPDATED"] != 1 || kinds["PHOTO_REMOVED"] != 1 || kinds["PERSON_CREATED"] != 1 {
		w.t.Errorf("actions %v", kinds)
	}
}

func clientFaces(w *world, c *client.Client, ann client.CreatedPerson) {
	ctx := w.t.Context()
	found := must(c.Identify(ctx, client.Identify{Image: portrait("ann", 5), FMR: client.Value(1e-5), K: 3, IDs: []string{ann.ID}}))(w)
	if len(found.Candidates) != 1 || found.Candidates[0].PersonID != ann.ID || found.Face.Code != "OK" || found.Face.Box == nil {
		w.t.Errorf("found %+v", found)
	}
	v := must(c.Verify(ctx, client.Verify{Image: portrait("ann", 5), PersonID: ann.ID}))(w)
	if !v.Match || v.Score == nil || *v.Score < v.Threshold || v.PhotoID == nil {
		w.t.Errorf("verified %+v", v)
	}
	if v := must(c.Verify(ctx, client.Verify{Image: portrait("ann", 5), ReferenceImage: portrait("bob", 5)}))(w); v.Match || v.ReferenceFace == nil {
		w.t.Errorf("verified %+v", v)
	}
}

func clientAccess(w *world, c *client.Client) {
	ctx := w.t.Context()
	org := must(c.Organisation(ctx))(w)
	changed := must(c.ChangeOrganisation(ctx, client.OrganisationChange{Settings: &client.SettingsChange{MaxPhotos: client.Value(3)}}, &org.Version))(w)
	if changed.Settings.MaxPhotos != 3 || changed.Settings.FaceUniqueness != "flag" {
		w.t.Errorf("organisation %+v", changed)
	}
	key := must(c.CreateKey(ctx, client.NewKey{Kind: "persons", Name: "crm"}))(w)
	if secret := must(c.RevealKey(ctx, key.ID))(w); secret != key.Secret {
		w.t.Errorf("secret %q", secret)
	}
	if err := c.RevokeKey(ctx, key.ID); err != nil {
		w.t.Error(err)
	}
	if keys := must(c.Keys(ctx))(w); len(keys) != 4 || keys[3].RevokedAt == nil && keys[0].RevokedAt == nil {
		w.t.Errorf("keys %+v", keys)
	}
	o := must(c.CreateOperator(ctx, client.NewOperator{Email: "o@example.com", Role: "auditor"}))(w)
	if o := must(c.ChangeOperator(ctx, o.ID, client.OperatorChange{Disabled: client.Value(true)}))(w); o.DisabledAt == nil {
		w.t.Errorf("operator %+v", o)
	}
	if operators := must(c.Operators(ctx))(w); len(operators) != 2 {
		w.t.Errorf("operators %+v", operators)
	}
	if s := must(c.Subscriptions(ctx))(w); len(s) != 8 || s[0].Left != nil {
		w.t.Errorf("subscriptions %+v", s)
	}
	if ready := must(c.Ready(ctx))(w); !ready {
		w.t.Error("not ready")
	}
}

func clientEnd(w *world, c *client.Client, ann client.CreatedPerson) {
	ctx := w.t.Context()
	if err := c.DeletePerson(ctx, ann.ID); err != nil {
		w.t.Fatal(err)
	}
	if restored := must(c.RestorePerson(ctx, ann.ID))(w); restored.DeletedAt != nil {
		w.t.Errorf("restored %+v", restored)
	}
	if receipt := must(c.ErasePerson(ctx, ann.ID, "test"))(w); receipt.Photos != 1 || receipt.ActionSeq == 0 {
		w.t.Errorf("receipt %+v", receipt)
	}
	if gone := must(c.Person(ctx, ann.ID))(w); gone.ErasedAt == nil {
		w.t.Errorf("erased %+v", gone)
	}
}
