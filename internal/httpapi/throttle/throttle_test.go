package throttle_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/httpapi/throttle"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func new(most int) (*throttle.Buckets, *clock) {
	c := &clock{time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)}
	return throttle.New(throttle.Rate{PerSecond: 2, Burst: 3}, most, c.now), c
}

func TestBurstThenRate(t *testing.T) {
	b, c := new(10)
	for range 3 {
		if _, ok := b.Take("a"); !ok {
			t.Fatal("the burst was refused")
		}
	}
	for range 5 { // a refusal takes nothing
		if wait, ok := b.Take("a"); ok || wait != 500*time.Millisecond {
			t.Fatalf("wait %v, %v", wait, ok)
		}
	}
	if _, ok := b.Take("b"); !ok {
		t.Error("another key was refused")
	}
	c.at = c.at.Add(500 * time.Millisecond)
	if _, ok := b.Take("a"); !ok {
		t.Error("refused though a token had come")
	}
}

func TestChargeTakesWhatIsStillToCome(t *testing.T) {
	b, c := new(10)
	b.Charge("a", 100)
	b.Charge("a", 3)
	if wait, ok := b.Take("a"); ok || wait != 2*time.Second {
		t.Errorf("wait %v, %v", wait, ok)
	}
	c.at = c.at.Add(2 * time.Second)
	if _, ok := b.Take("a"); !ok {
		t.Error("refused though the debt was paid")
	}
}

func TestKeysAreBounded(t *testing.T) {
	b, _ := new(100)
	for i := range 1000 {
		b.Take(strconv.Itoa(i))
	}
	if n := b.Keys(); n > 100 {
		t.Errorf("%d keys are kept", n)
	}
	b.Take("999")
	b.Take("999")
	if _, ok := b.Take("999"); ok {
		t.Error("the key used last was forgotten")
	}
}

func TestFullBucketsAreForgotten(t *testing.T) {
	b, c := new(1000)
	for i := range 50 {
		b.Take(strconv.Itoa(i))
	}
	c.at = c.at.Add(time.Minute)
	for i := range 50 {
		b.Take("x" + strconv.Itoa(i))
	}
	if n := b.Keys(); n != 50 {
		t.Errorf("%d keys are kept, 50 are in use", n)
	}
}

func TestParallelTakes(t *testing.T) {
	b, _ := new(10)
	var taken atomic.Int64
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, ok := b.Take("a"); ok {
				taken.Add(1)
			}
		})
	}
	if group.Wait(); taken.Load() != 3 {
		t.Errorf("%d were let in, 3 may", taken.Load())
	}
}
