// Package onnx runs networks on ONNX Runtime for the engines: one start of the
// runtime per process, whatever engines a program opens, networks with fixed
// tensors (Net) and sessions that take tensors of any shape (Session).
//
// Every session has one thread: parallelism comes from the engines' callers,
// and the runtime's own threads spin. It needs cgo. Which files and hashes
// there are is internal/models' business; what goes in and comes out the
// engines'.
package onnx
