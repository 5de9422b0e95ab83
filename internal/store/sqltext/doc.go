// Package sqltext is the one SQL text that every SQL backend runs: the tables,
// the statements beside their scans, one file per noun.
//
// It owns store.Tx, store.System and the migrations; it alone knows tables and
// columns. It does not own connections, transactions, retries or the
// translation of a driver's errors: a backend lends it a Conn.
//
// Statements use $n placeholders and only what SQLite and PostgreSQL both mean
// alike. The organisation is the first column of every key and the first
// predicate of every statement; what crosses organisations is in system.go.
// The only differences of the engines are the column types in Migrations and
// the words FOR NO KEY UPDATE (see WithoutLock).
package sqltext
