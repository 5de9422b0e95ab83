//go:build !cgo

package onnx

import (
	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/models"
)

var errNone = idem.Errorf(idem.Unavailable, "MODELS_INCOMPLETE", "no networks, the program was built without cgo")

// Start refuses: this program was built without cgo.
func Start(string, models.Net) error { return errNone }

// Session refuses to run.
type Session struct{}

// OpenSession refuses.
func OpenSession(string, models.Net) (*Session, error) { return nil, errNone }

// Run refuses.
func (*Session) Run([]float32, ...int64) ([]float32, []int64, error) { return nil, nil, errNone }

// Close does nothing.
func (*Session) Close() error { return nil }
