//go:build !unix

package tesseract

// Become refuses: without resource limits the program is not run.
func (p Program) Become() error { return ErrMissing }
