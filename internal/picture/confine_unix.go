//go:build unix

package picture

import (
	"os/exec"
	"syscall"
)

// The limits of a worker: CPU seconds, and no files to write or to leave.
const (
	workerCPU   = 10
	workerFiles = 16
)

// Confine lowers the limits of this process for good: CPU seconds, memory,
// files. A worker calls it before it reads its input.
func Confine() error {
	for resource, limit := range map[int]uint64{
		syscall.RLIMIT_AS:     workerAddressSpace,
		syscall.RLIMIT_CPU:    workerCPU,
		syscall.RLIMIT_CORE:   0,
		syscall.RLIMIT_FSIZE:  0,
		syscall.RLIMIT_NOFILE: workerFiles,
	} {
		if limit == unlimited {
			continue
		}
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	return nil
}

// isolate puts the worker into its own process group, away from the signals of
// a terminal.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
