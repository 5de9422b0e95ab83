// Package chain computes the hashes that link the rows of the audit and of the
// gallery logs.
//
// It owns the canonical encoding, which whoever appends and whoever verifies
// share; it reads and writes no rows. A hash is SHA-256 over a label, the
// previous hash and every field, each with its length in front, so that no two
// different rows encode alike. The hash before the first row is 32 zero bytes.
package chain
