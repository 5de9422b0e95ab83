package persons

import "fmt"

// percent is a share as a decimal string of percent with two places.
func percent(share float64) string { return fmt.Sprintf("%.2f", 100*share) }
