// Package blobtest is the contract of blob backends: each backend's tests run
// it.
package blobtest
