package main

import (
	"bytes"
	"os"
	"testing"
)

// TestCommittedKernelsAreGenerated keeps the committed assembly and its source
// together.
func TestCommittedKernelsAreGenerated(t *testing.T) {
	for name, text := range files() {
		committed, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(committed, text) {
			t.Errorf("%s is not what the generator writes: run go generate in package match", name)
		}
	}
}
