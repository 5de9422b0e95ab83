// Package facetest is a face engine for tests that need "faces" but no
// networks. Its pictures carry an identity as a pattern of black and white
// cells that survives JPEG and resizing; its engine reads the pattern back and
// makes a template from it. It knows nothing about real faces.
package facetest
