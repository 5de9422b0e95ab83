// Package postgres keeps the system of record in PostgreSQL, 14 or newer.
//
// It owns connections, transactions, retries and the translation of
// PostgreSQL's errors; the SQL text is sqltext's.
//
// A View is REPEATABLE READ READ ONLY: one snapshot. An Update is READ
// COMMITTED with row locks: what must not interleave locks a row first (the
// person, the subscriptions, the head of a log), and a statement that waited
// for a lock sees what the holder committed. Log positions become visible in
// order because the head stays locked until the commit.
//
// What an Update lost to a neighbour (a deadlock, a serialisation failure, a
// unique value taken between question and write) is run again, a bounded
// number of times with a random pause.
package postgres
