package flow

import (
	"reflect"
	"testing"
	"time"

	"github.com/idem-id/idem"
)

// TestEverySettingOfAFlowIsRecorded changes one setting after the other.
func TestEverySettingOfAFlowIsRecorded(t *testing.T) {
	before := idem.Flow{Config: idem.DefaultPersonConfig()}
	fields := reflect.TypeFor[idem.PersonConfig]()
	for i := range fields.NumField() {
		after := before
		switch f := reflect.ValueOf(&after.Config).Elem().Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(!f.Bool())
		case reflect.String:
			f.SetString("other")
		case reflect.Int64:
			f.SetInt(int64(7 * time.Hour))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 9, 9))
		default:
			t.Fatalf("%s is of a kind that the test does not know", fields.Field(i).Name)
		}
		if got := changesOf(before, after); len(got) != 1 {
			t.Errorf("%s changed: %v", fields.Field(i).Name, got)
		}
	}
	after := before
	after.Name, after.SessionTime, after.Attempts, after.FrameAncestors = "other", time.Hour, 9, []string{"https://shop.example"}
	if got := changesOf(before, after); len(got) != 4 || got["name"] != "changed" {
		t.Errorf("all others changed: %v", got)
	}
	if got := changesOf(before, before); len(got) != 0 {
		t.Errorf("nothing changed: %v", got)
	}
}
