// Package sqlite keeps the system of record in one SQLite file.
//
// It owns connections, transactions, group commit and the translation of
// SQLite's errors; the SQL text is sqltext's. One connection writes and a pool
// reads snapshots beside it (write-ahead log).
//
// # Group commit
//
// Making a commit durable costs a flush of the disk, however little was
// written. Updates that arrive while one is flushed therefore share the next
// flush: the writer opens one transaction, lends it to each waiting Update in
// turn, every one inside a savepoint of its own, and commits once for all. An
// Update returns only behind the commit, also when it was refused: its refusal
// may rest on what a neighbour has just written.
//
// An Update runs on its caller's goroutine while it holds the lent
// transaction, so a panic surfaces where it belongs.
package sqlite
