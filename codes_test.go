package idem_test

import (
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem"
)

func TestCodeLimitWait(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	limit := idem.CodeLimit{Most: 3, Within: 10 * time.Minute}
	for name, c := range map[string]struct {
		nth  time.Time
		want time.Duration
	}{
		"fewer":     {time.Time{}, 0},
		"just now":  {now, 10 * time.Minute},
		"inside":    {now.Add(-9 * time.Minute), time.Minute},
		"the edge":  {now.Add(-10 * time.Minute), 0},
		"long past": {now.Add(-time.Hour), 0},
	} {
		if got := limit.Wait(c.nth, now); got != c.want {
			t.Errorf("%s: wait %v, want %v", name, got, c.want)
		}
	}
	if got := idem.OneAddress(append(idem.ReceiverLimits(), idem.CodeLimit{Most: 1, Within: time.Hour})); !slices.Equal(got,
		[]idem.CodeLimit{{Most: 5, Within: 24 * time.Hour}, {Most: 1, Within: time.Hour}}) {
		t.Errorf("of one address: %v", got)
	}
	for _, l := range idem.ReceiverLimits() {
		if l.Within > idem.CodesKept {
			t.Errorf("a limit over %v looks further back than what is kept", l.Within)
		}
	}
}
