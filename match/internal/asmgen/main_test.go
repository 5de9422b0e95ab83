package main

import (
	"bytes"
	"os"
	"testing"
)

// TestCommittedKernelsAreGenerated keeps the committed assembly and its source
// together.
func TestCommittedKernelsAreGenerated(t *testing.T) {
	committed, err := os.ReadFile("../../kernel_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, amd64()) {
		t.Error("kernel_amd64.s is not what the generator writes: run go generate in package match")
	}
}
