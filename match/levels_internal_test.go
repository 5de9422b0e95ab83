package match

import (
	"errors"
	"slices"
	"testing"
)

// TestARefusedKernelIsToldAndNotUsed wants a kernel that the system refuses, by
// name and as the best.
func TestARefusedKernelIsToldAndNotUsed(t *testing.T) {
	no := errors.New("not in this sandbox")
	all := []kernel{{name: "best", refused: no}, {name: "second"}, portable()}
	for wanted, chosen := range map[string]string{"": "second", "best": "second", "abacus": "second", "go": "go"} {
		want := []Level{{"best", false, no}, {"second", chosen == "second", nil}, {"go", chosen == "go", nil}}
		if got := levels(all, wanted); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", wanted, got, want)
		}
		if k := chooseKernel(all, wanted); k.name != chosen {
			t.Errorf("%q chose %s, want %s", wanted, k.name, chosen)
		}
	}
}

func TestLevelsEndWithGo(t *testing.T) {
	all, chosen := Levels(), 0
	for _, l := range all {
		if l.Chosen {
			chosen++
		}
	}
	if last := all[len(all)-1]; last.Kernel != "go" || last.Refused != nil || chosen != 1 {
		t.Errorf("%v", all)
	}
}
