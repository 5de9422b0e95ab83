package face

import (
	"fmt"
	"math"

	"github.com/idem-id/idem"
)

// Anchor says that a comparison score is reached by a share FMR of impostor
// comparisons.
type Anchor struct {
	Score float64 // cosine, -1..1
	FMR   float64 // 0..1
}

// Calibration turns the comparison scores of one model into false match rates
// per comparison, by a curve through Anchors that is straight in log10(FMR).
type Calibration struct {
	Anchors []Anchor // rising scores, falling rates
	Live    float64  // PAD: a face is taken for live from this Live value on
}

// Validate reports anchors that make no curve.
func (c Calibration) Validate() error {
	if len(c.Anchors) < 2 {
		return fmt.Errorf("calibration needs two anchors or more, has %d", len(c.Anchors))
	}
	for i, a := range c.Anchors {
		if a.FMR <= 0 || a.FMR >= 1 || a.Score < -1 || a.Score > 1 {
			return fmt.Errorf("calibration anchor %d (%g, %g) is out of range", i, a.Score, a.FMR)
		}
		if i > 0 && (a.Score <= c.Anchors[i-1].Score || a.FMR >= c.Anchors[i-1].FMR) {
			return fmt.Errorf("calibration anchor %d does not rise in score and fall in rate", i)
		}
	}
	return nil
}

// FMR returns the false match rate of a threshold placed at score. Below the
// first anchor the curve is continued up to 1; above the last one nothing was
// measured and the last rate is returned.
func (c Calibration) FMR(score float64) float64 {
	n := len(c.Anchors)
	if n < 2 {
		return 1
	}
	if score >= c.Anchors[n-1].Score {
		return c.Anchors[n-1].FMR
	}
	i := 1
	for i < n-1 && score >= c.Anchors[i].Score {
		i++
	}
	a, b := c.Anchors[i-1], c.Anchors[i]
	t := (score - a.Score) / (b.Score - a.Score)
	return min(1, math.Pow(10, mix(math.Log10(a.FMR), math.Log10(b.FMR), t)))
}

// Threshold returns the score at which the false match rate is fmr. It answers
// FMR_NOT_CALIBRATED (Unprocessable) outside the anchors' rates.
func (c Calibration) Threshold(fmr float64) (float64, error) {
	n := len(c.Anchors)
	if n < 2 || !(fmr <= c.Anchors[0].FMR && fmr >= c.Anchors[n-1].FMR) {
		return 0, c.refuse(fmr)
	}
	i := 1
	for i < n-1 && fmr < c.Anchors[i].FMR {
		i++
	}
	a, b := c.Anchors[i-1], c.Anchors[i]
	if fmr == b.FMR {
		return b.Score, nil
	}
	lo, hi := math.Log10(a.FMR), math.Log10(b.FMR)
	return mix(a.Score, b.Score, (math.Log10(fmr)-lo)/(hi-lo)), nil
}

func (c Calibration) refuse(fmr float64) error {
	if len(c.Anchors) < 2 {
		return idem.Errorf(idem.Unprocessable, "FMR_NOT_CALIBRATED", "the recognition model has no calibration")
	}
	return idem.Errorf(idem.Unprocessable, "FMR_NOT_CALIBRATED", "a false match rate of %g is outside the calibrated range %g..%g",
		fmr, c.Anchors[0].FMR, c.Anchors[len(c.Anchors)-1].FMR)
}

// mix returns a at t = 0 exactly and b at t = 1.
func mix(a, b, t float64) float64 { return a + (b-a)*t }
