// Package backup writes everything that an instance stores into one file, and
// reads it back: a consistent copy of the database and the objects, sealed as
// they are.
//
// It never holds keys. The key store is backed up apart (vault.BackupTo, the
// newest copy only), the master key not at all: otherwise an old backup would
// bring back a person whose data was erased.
//
// # Format
//
// A tar file in gzip, which any tar program opens:
//
//	idem-backup.json   what it is: format, when, versions
//	idem.db            the copy of an SQLite database, or
//	idem.dump          that of PostgreSQL, in pg_dump's custom format
//	blobs/...          the objects under their paths below the object folder
//	manifest.json      size and SHA-256 of each file before it; the last entry
//
// Objects are ciphertext, so they are stored in gzip without compression.
//
// The database is copied first and the objects after it. An object is written
// before the row that names it and deleted after it, so the objects include all
// that the copied rows name, but those deleted while the backup ran.
package backup
