package webhook_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

// TestChangesOfWebhooksAreRecorded: each change of a webhook is one entry that
// says who made it, the server or somebody with a key, and no secret or address;
// what is refused, or changes nothing, leaves none.
func TestChangesOfWebhooksAreRecorded(t *testing.T) {
	each(t, func(w world) {
		r := newReceiver(t, status(410, ""))
		hook := w.create(r.URL + "/token-1")
		save := func(c webhook.Change) idem.Webhook {
			saved, err := w.hooks.Save(w.Context(), w.me, hook.ID, c)
			if err != nil {
				t.Fatal(err)
			}
			return saved
		}
		next, off, on, bad := r.URL+"/token-2", false, true, "ftp://example.org"
		save(webhook.Change{URL: &next, Enabled: &off})
		save(webhook.Change{URL: &next, Enabled: &off})
		if _, err := w.hooks.Save(w.Context(), w.me, hook.ID, webhook.Change{URL: &bad}); err == nil {
			t.Error("a bad address was saved")
		}
		rotated := save(webhook.Change{NewSecret: true})
		save(webhook.Change{Enabled: &on, PersonEvents: &on})
		if shown, err := w.hooks.Secret(w.Context(), w.me, hook.ID); err != nil || shown != rotated.Secret {
			t.Errorf("shown again: %v", err)
		}
		w.emit(w.session(), idem.EventFlowEnd)
		w.run()
		w.await(store.JobDone, 1)
		for i := range 2 {
			if err := w.hooks.Delete(w.Context(), w.me, hook.ID); (err == nil) != (i == 0) {
				t.Errorf("removal %d: %v", i, err)
			}
		}
		got, err := w.store.System().InstanceActions(w.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, a := range got {
			by := a.Account
			if a.Actor == w.me.Actor {
				by = "key"
			}
			if a.Org != w.me.Org || a.Details["webhook"] != string(hook.ID) || a.Details["flow"] != string(w.flow) {
				t.Errorf("entry %+v", a)
			}
			told = append(told, fmt.Sprint(by, " ", a.Type, " ", a.Details["url"], " ", a.Details["secret"], " ", a.Details["enabled"], " ", a.Details["person_events"], " ", a.Details["reason"]))
		}
		want := []string{
			"key WEBHOOK_CREATED <nil> <nil> <nil> false <nil>",
			"key WEBHOOK_CHANGED changed <nil> map[new:false old:true] <nil> <nil>",
			"key WEBHOOK_CHANGED <nil> changed <nil> <nil> <nil>",
			"key WEBHOOK_CHANGED <nil> <nil> map[new:true old:false] map[new:true old:false] <nil>",
			"key KEY_REVEALED <nil> <nil> <nil> <nil> <nil>",
			"server WEBHOOK_CHANGED <nil> <nil> map[new:false old:true] <nil> GONE",
			"key WEBHOOK_DELETED <nil> <nil> <nil> <nil> <nil>",
		}
		if !slices.Equal(told, want) {
			t.Errorf("entries\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
		}
		for _, private := range []string{"token-", r.URL, hook.Secret, rotated.Secret} {
			if strings.Contains(fmt.Sprint(got), private) {
				t.Errorf("the audit tells %q", private)
			}
		}
	})
}
