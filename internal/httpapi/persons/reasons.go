package persons

import (
	"fmt"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// failureTexts are the texts that the guide has for reasons; other reasons
// bear their code.
var failureTexts = map[tech.Reason]string{
	liveness.LowPrediction: "Low prediction",
}

func detailOf(r tech.Reason) string {
	if text, ok := failureTexts[r]; ok {
		return text
	}
	return string(r)
}

// percent is a share as a decimal string of percent with two places.
func percent(share float64) string { return fmt.Sprintf("%.2f", 100*share) }
