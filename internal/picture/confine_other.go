//go:build !unix

package picture

import (
	"errors"
	"os/exec"
)

// confine refuses: without resource limits a worker would be no protection.
func confine() error { return errors.New("resource limits need a Unix system") }

func isolate(*exec.Cmd) {}
