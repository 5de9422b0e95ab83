package persons_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
)

func TestPersons_26_DeletedPersonIsHidden(t *testing.T) {
	each(t, func(e *env) {
		custom := aliasOf("custom", "gone")
		p := e.create("other", custom)
		e.create("other")
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		if l := read[list[person]](e.call(e.a, "GET", base, nil).is(200)); l.Total != 1 || l.Items[0].ID == p.ID {
			t.Errorf("default list %+v", l)
		}
		if ids, _ := e.search(e.a, custom); len(ids) != 0 {
			t.Errorf("search found %v", ids)
		}
		for _, query := range []string{"?state=deleted", "?state=deleted&alias_type=custom&alias_value=gone"} {
			l := read[list[person]](e.call(e.a, "GET", base+query, nil).is(200))
			if l.Total != 1 || l.Items[0].ID != p.ID || l.Items[0].DeletedAt == nil {
				t.Errorf("list %s: %+v", query, l)
			}
		}
		if l := read[list[person]](e.call(e.a, "GET", base+"?state=all", nil).is(200)); l.Total != 2 {
			t.Errorf("%d persons in all", l.Total)
		}
		if got := e.get(p.ID); got.DeletedAt == nil || len(got.Photos) != 1 {
			t.Errorf("read %+v", got)
		}
		if a := e.actions(p.ID)[0]; a.Type != "PERSON_DELETED" || a.Source != "API" {
			t.Errorf("action %+v", a)
		}
	})
}

func TestPersons_27_DeletedPersonCannotBeChanged(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "gone"))
		f := e.addPhoto(p.ID, "live")
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		a := p.Aliases[1].ID
		e.unchanged(func() {
			for _, c := range []struct {
				method, path string
				body         any
			}{
				{"PATCH", "", object{"is_verified": true}}, {"DELETE", "", nil},
				{"POST", "aliases/", aliasOf("custom", "y")}, {"PATCH", "aliases/" + a + "/", object{"value": "z"}}, {"DELETE", "aliases/" + a + "/", nil},
				{"POST", "photos/", object{"image_b64": portrait("x", 0), "photo_type": "live"}},
				{"PATCH", "photos/" + f.ID + "/", object{"is_default": true}}, {"PATCH", "photos/" + f.ID + "/", object{"is_default": false}},
				{"DELETE", "photos/" + f.ID + "/", nil},
			} {
				e.call(e.a, c.method, base+p.ID+"/"+c.path, c.body).refused(409, "PERSON_DELETED")
			}
		})
	})
}

func TestPersons_28_RestoreBringsEverythingBack(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "back"), aliasOf("phone", "+77011234567"))
		e.addPhoto(p.ID, "scan")
		e.call(e.a, "PATCH", base+p.ID+"/", object{"is_verified": true}).is(200)
		before, left := e.get(p.ID), e.left(e.a)
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		got := read[person](e.call(e.a, "POST", base+p.ID+"/restore/", nil).is(200))
		if got.DeletedAt != nil || !slices.Equal(got.Aliases, before.Aliases) || *got.DefaultPhotoID != *before.DefaultPhotoID || !got.Verified || len(got.Photos) != 2 {
			t.Errorf("restored %+v, was %+v", got, before)
		}
		if e.left(e.a) != left {
			t.Error("restoring spent a unit")
		}
		if a := e.actions(p.ID)[0]; a.Type != "PERSON_RESTORED" {
			t.Errorf("action %+v", a)
		}
		if ids, _ := e.search(e.a, aliasOf("custom", "back")); len(ids) != 1 || ids[0] != p.ID {
			t.Errorf("search found %v", ids)
		}
	})
}

func TestPersons_29_RestoreNamesTakenAliases(t *testing.T) {
	each(t, func(e *env) {
		iin, phone := aliasOf("personal_number", "990101300123"), aliasOf("phone", "+77011234567")
		p := e.create("other", iin, phone, aliasOf("custom", "still free"))
		e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
		q := e.create("other", iin)
		r := e.create("other", phone)
		e.unchanged(func() {
			got := e.call(e.a, "POST", base+p.ID+"/restore/", object{}).refused(409, "RESTORE_CONFLICT")
			conflicts := got.Error.Details["conflicts"].([]any)
			owners := map[any]any{}
			for _, c := range conflicts {
				owners[c.(map[string]any)["type"]] = c.(map[string]any)["person_id"]
			}
			if len(conflicts) != 2 || owners["PERSONAL_NUMBER"] != q.ID || owners["PHONE"] != r.ID {
				t.Errorf("conflicts %v", conflicts)
			}
		})
		if got := e.get(p.ID); got.DeletedAt == nil {
			t.Error("the person is live")
		}
	})
}

func TestPersons_30_LivePersonCannotBeRestored(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		e.unchanged(func() {
			e.call(e.a, "POST", base+p.ID+"/restore/", nil).refused(409, "PERSON_NOT_DELETED")
		})
	})
}

func TestPersons_32_OperatorChangesCarryTheOperator(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		start := e.clock.Now().Add(-time.Second)
		_, _, err := e.registry.AddAlias(e.Context(), e.a.operator, idem.PersonID(p.ID), registry.AliasInput{Type: idem.AliasCustom, Value: "by hand"})
		must(t, err)
		a := e.actions(p.ID)[0]
		if a.Type != "ALIAS_ADDED" || a.Source != "CABINET" || a.User == nil || *a.User != string(e.a.operator.Actor.Operator) || a.Key != nil || a.Session != nil {
			t.Errorf("action %+v", a)
		}
		if a.At.Before(start) || a.At.After(e.clock.Now().Add(time.Second)) {
			t.Errorf("time %v", a.At)
		}
		if got := e.actions(p.ID, "&user_id="+*a.User); len(got) != 1 {
			t.Errorf("filtered by operator: %v", typesOf(got))
		}
		if got := e.actions(p.ID, "&source=api"); len(got) != 2 || slices.Contains(typesOf(got), "ALIAS_ADDED") {
			t.Errorf("filtered by source: %v", typesOf(got))
		}
	})
}

func TestPersons_33_APIChangesCarryTheKey(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other", aliasOf("custom", "confidential 123"))
		all := e.actions(p.ID)
		if got := typesOf(all); !slices.Equal(got, []string{"PHOTO_ADDED", "ALIAS_ADDED", "PERSON_CREATED"}) {
			t.Errorf("actions %v", got)
		}
		for _, a := range all {
			if a.Source != "API" || a.User != nil || a.Session != nil || a.Key == nil {
				t.Errorf("action %+v", a)
			}
		}
		if data, _ := json.Marshal(all); strings.Contains(string(data), "confidential") {
			t.Errorf("an action holds a clear value: %s", data)
		}
	})
}

func TestPersons_36_NoSubscriptionNoPerson(t *testing.T) {
	each(t, func(e *env) {
		must(t, e.access.Limit(e.Context(), e.a.org, idem.TechPersons, 0))
		e.unchanged(func() {
			r := e.call(e.a, "POST", base, newBody("other")).refused(403, "SUBSCRIPTION_REQUIRED")
			if r.Error.Details["technology"] != "PERSONS" {
				t.Errorf("details %v", r.Error.Details)
			}
			_, _, err := e.registry.Create(e.Context(), e.a.operator, registry.NewPerson{Photo: upload("x", 0)})
			if !errors.Is(err, idem.ErrSubscriptionRequired) {
				t.Errorf("an operator creating: %v", err)
			}
		})
	})
}

func TestPersons_40_FutureSubscriptionTakesOver(t *testing.T) {
	each(t, func(e *env) {
		must(t, e.access.Limit(e.Context(), e.a.org, idem.TechPersons, 1))
		e.grant(5)
		e.create("other")
		e.create("other")
		if left := e.left(e.a); left != 4 {
			t.Errorf("%d units left, want 4", left)
		}
	})
}

func TestPersons_41_RefusedCreationSpendsNothing(t *testing.T) {
	each(t, func(e *env) {
		e.create("other", aliasOf("custom", "taken"))
		left := e.left(e.a)
		e.call(e.a, "POST", base, newBody("other", aliasOf("custom", "taken"))).refused(409, "ALIAS_CONFLICT")
		if e.left(e.a) != left {
			t.Error("a unit was spent")
		}
	})
}

func TestPersons_83_BatchReportsEachItem(t *testing.T) {
	each(t, func(e *env) {
		items := make([]object, 100)
		for i := range items {
			items[i] = newBody("other", aliasOf("custom", uuid.NewString()))
		}
		items[41]["image_b64"] = base64.StdEncoding.EncodeToString([]byte("no picture"))
		r := e.call(e.a, "POST", base+"batch/", object{"items": items}).is(http.StatusMultiStatus)
		got := read[struct {
			Items []struct {
				Index, Status int
				Person        *person
				Error         *struct{ Code, Field string }
			}
			Created, Failed int
		}](r)
		if got.Created != 99 || got.Failed != 1 || len(got.Items) != 100 {
			t.Fatalf("created %d, failed %d of %d", got.Created, got.Failed, len(got.Items))
		}
		for i, item := range got.Items {
			if item.Index != i || (item.Status == 201) != (i != 41) || (item.Person != nil) != (i != 41) {
				t.Errorf("item %d: %+v", i, item)
			}
		}
		if bad := got.Items[41].Error; bad == nil || bad.Code != "IMAGE_TYPE_UNSUPPORTED" || bad.Field != "items[41].image_b64" {
			t.Errorf("item 41: %+v", bad)
		}
		c := e.contents(e.a)
		if c.Persons != 99 || c.Blobs != 99 || c.Left != 901 {
			t.Errorf("stored %+v", c)
		}
	})
}
