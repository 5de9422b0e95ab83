package idem_test

import (
	"errors"
	"testing"
	"time"

	"github.com/idem-id/idem"
)

func TestCheckEndsOnce(t *testing.T) {
	now := time.Unix(1000, 0)
	c := idem.Check{State: idem.CheckOpen, Memo: []byte("challenge"), ExpiresAt: now.Add(time.Minute)}
	if err := c.End(now, []string{"spoof"}); err != nil || c.State != idem.CheckFailed || c.Memo != nil || c.EndedAt != now {
		t.Errorf("ended as %+v, %v", c, err)
	}
	if err := c.End(now, nil); !errors.Is(err, idem.ErrCheckEnded) || c.State != idem.CheckFailed {
		t.Errorf("ended again: %+v, %v", c, err)
	}
	passed := idem.Check{State: idem.CheckOpen}
	if err := passed.End(now, nil); err != nil || passed.State != idem.CheckPassed {
		t.Errorf("without reasons: %+v, %v", passed, err)
	}
}

func TestCheckTakesAnswers(t *testing.T) {
	now := time.Unix(1000, 0)
	c := idem.Check{State: idem.CheckOpen, ExpiresAt: now.Add(time.Minute)}
	for range 2 {
		if err := c.Take(now, 2); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Take(now, 2); !errors.Is(err, idem.ErrCheckEnded) {
		t.Errorf("a third answer: %v", err)
	}
	late := idem.Check{State: idem.CheckOpen, ExpiresAt: now}
	if err := late.Take(now, 2); !errors.Is(err, idem.ErrCheckExpired) || late.Attempts != 0 {
		t.Errorf("at its end: %v, %d attempts", err, late.Attempts)
	}
}
