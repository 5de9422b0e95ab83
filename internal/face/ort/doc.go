// Package ort is the face engine on ONNX Runtime: detection, 68 landmarks,
// five-point alignment, template, quality, head pose and passive presentation
// attack detection.
//
// It owns how pixels become network inputs and how network outputs become a
// face.Analysis, and a bounded pool of workers, each with its own sessions and
// buffers. The picture is sampled from the decoder's own planes through
// pyramids of halved planes; there is no RGB copy of it.
//
// It needs cgo. Without it, or without the model files, Open returns an engine
// that says so and refuses every analysis. Which files, which parameters and
// which calibration are internal/models' business.
package ort
