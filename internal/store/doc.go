// Package store is the port to the system of record: transactions of one
// organisation, split into small interfaces per noun.
//
// It owns what a backend must promise; storetest turns each promise into a test
// that every backend passes. It does not own rules: a backend keeps keys
// unique, rows immutable and identifiers byte-exact, and leaves the rest to the
// use cases.
//
// Personal values cross this border in the clear and are sealed by the backend
// on the way in (see Sealer), so that no use case can forget it.
package store
