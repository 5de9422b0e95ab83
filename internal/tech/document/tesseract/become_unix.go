//go:build unix

package tesseract

import (
	"fmt"
	"syscall"
)

// Become replaces this process, which keeps its limits, by the program. It
// returns only an error.
func (p Program) Become() error {
	if err := syscall.Exec(p.Path, p.Command(), Environment()); err != nil {
		return fmt.Errorf("start Tesseract: %w", err)
	}
	return nil
}
