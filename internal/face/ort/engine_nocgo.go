//go:build !cgo

package ort

import "github.com/idem-id/idem/internal/face"

// Engine refuses: this program was built without cgo.
type Engine struct{ face.None }

// Open returns an engine that refuses every analysis.
func Open(string, Options) *Engine {
	return &Engine{face.None{Reason: "no face engine, the program was built without cgo"}}
}

// Close does nothing.
func (e *Engine) Close() error { return nil }
