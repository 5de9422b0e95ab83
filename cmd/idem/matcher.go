package main

import (
	"fmt"
	"strings"

	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/match"
)

// kernelReadings tells how templates are compared here, one reading for each
// kernel of the processor.
func kernelReadings(levels []match.Level) (list []metrics.Reading) {
	for _, l := range levels {
		list = append(list, metrics.Reading{
			Name: "match_kernel_info", Help: "Always 1; the labels tell the processor's kernels of the matcher and which is chosen.",
			Labels: map[string]string{"kernel": l.Kernel, "state": kernelState(l)}, Value: func() float64 { return 1 },
		})
	}
	return list
}

func kernelState(l match.Level) string {
	switch {
	case l.Chosen:
		return "chosen"
	case l.Refused != nil:
		return "refused"
	default:
		return "available"
	}
}

// checkMatcher warns of a kernel that was asked for in vain, and of one that the
// system refuses: answers are the same without it, but later.
func checkMatcher(levels []match.Level, wanted string) finding {
	var names []string
	var chosen string
	for _, l := range levels {
		if l.Chosen {
			chosen = l.Kernel
		}
		if l.Refused == nil {
			names = append(names, l.Kernel)
		} else if wanted == "" || wanted == l.Kernel {
			return finding{"matcher", "warning", fmt.Sprintf("%s is refused: %v", l.Kernel, l.Refused),
				"searches are only slower; let the sandbox allow arch_prctl, or set " + match.LevelVariable + " to another kernel"}
		}
	}
	list := strings.Join(names, ", ")
	if wanted != "" && wanted != chosen {
		return finding{"matcher", "warning", fmt.Sprintf("compares with %s, not with %s", chosen, wanted),
			"set " + match.LevelVariable + " to one of " + list + ", or not at all"}
	}
	return ok("matcher", "compares with %s, of %s", chosen, list)
}
