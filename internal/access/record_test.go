package access

import (
	"reflect"
	"testing"

	"github.com/idem-id/idem"
)

// TestEverySettingIsRecorded changes one setting after the other.
func TestEverySettingIsRecorded(t *testing.T) {
	before := idem.Organisation{Settings: idem.DefaultSettings()}
	fields := reflect.TypeFor[idem.Settings]()
	for i := range fields.NumField() {
		after := before
		switch f := reflect.ValueOf(&after.Settings).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("other")
		case reflect.Int:
			f.SetInt(9999)
		case reflect.Float64:
			f.SetFloat(0.5)
		default:
			t.Fatalf("%s is of a kind that the test does not know", fields.Field(i).Name)
		}
		if got := changesOf(before, after); len(got) != 1 {
			t.Errorf("%s changed: %v", fields.Field(i).Name, got)
		}
	}
}
