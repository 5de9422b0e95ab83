//go:build !unix

package dir

import "os"

// acquire holds nothing on systems without flock; what a crash left in .tmp
// stays there.
func acquire(path string) (*os.File, bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	return f, false, err
}

func share(*os.File) error { return nil }
