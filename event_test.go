package idem_test

import (
	"testing"

	"github.com/idem-id/idem"
)

func TestWebhookTakesWhatItAskedFor(t *testing.T) {
	for _, c := range []struct {
		hook            idem.Webhook
		session, person bool
	}{
		{idem.Webhook{Enabled: true}, true, false},
		{idem.Webhook{Enabled: true, PersonEvents: true}, true, true},
		{idem.Webhook{PersonEvents: true}, false, false},
	} {
		for _, e := range []idem.EventName{idem.EventFlowStart, idem.EventTechnologyStart, idem.EventTechnologyEnd, idem.EventFlowEnd} {
			if c.hook.Takes(e) != c.session {
				t.Errorf("%+v and %s", c.hook, e)
			}
		}
		for _, e := range []idem.EventName{idem.EventPersonCreated, idem.EventPersonUpdated, idem.EventPersonConflict} {
			if c.hook.Takes(e) != c.person {
				t.Errorf("%+v and %s", c.hook, e)
			}
		}
	}
}
