// Package storetest is the contract of package store as tests, and what other
// packages' tests need of a store.
//
// Run, RunTwice and Immutable are run by each backend on itself. Each and
// Twice give other packages fresh databases of every backend; tests that use
// them need PostgreSQL (run make test, or set IDEM_TEST_POSTGRES). Sealer is a
// store.Sealer that encrypts for real and keeps its keys in memory.
package storetest
