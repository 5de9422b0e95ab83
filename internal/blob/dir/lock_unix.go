//go:build unix

package dir

import (
	"errors"
	"os"
	"syscall"
)

// acquire opens the lock file and holds it as long as the file is open; alone
// tells that no other process does. A crash lets go by itself.
func acquire(path string) (f *os.File, alone bool, err error) {
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, true, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = share(f) // waits while another process cleans
	}
	if err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	return f, false, nil
}

// share turns the hold into one that other processes may have too.
func share(f *os.File) error { return flock(f, syscall.LOCK_SH) }

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
