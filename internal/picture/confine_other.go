//go:build !unix

package picture

import (
	"errors"
	"os/exec"
)

// Confine refuses: without resource limits a worker would be no protection.
func Confine() error { return errors.New("resource limits need a Unix system") }

func isolate(*exec.Cmd) {}
