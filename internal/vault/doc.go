// Package vault owns the keys of the data at rest and seals personal values
// with them. It implements store.Sealer.
//
// # Hierarchy
//
// The master key (environment or file, never in a database) wraps the keys of
// each organisation: one that wraps data keys and one for blind indexes. The
// organisation's sealing key wraps the data keys: one for a person, a record or
// a session, and one for what belongs to the organisation itself. The empty
// organisation is the instance; its keys are made when the key store is made,
// those of an organisation by CreateOrg, and by nothing else: an organisation
// that silently got fresh keys would find none of its aliases again.
//
// # Key store
//
// Keys live in a database of their own, apart from the data and from its
// backups. It holds wrapped keys only. Destroying a data key overwrites its
// wrapped bytes and leaves a tombstone, so that erased (idem.ErrErased) differs
// from lost (ErrKeyMissing).
//
// Rows that hold key material are never deleted and never change their size:
// they are appended and later overwritten in place. SQLite therefore never
// moves such a row to another page, which could leave a stale copy behind, and
// the rollback journal (there is no write-ahead log) is gone when a commit
// returns. PostgreSQL keeps old row versions and its own log; there, and below
// the file system (snapshots, remapped flash blocks), older wrapped copies
// become useless when the organisation is rotated, then the master, and the old
// master is thrown away: RotateOrg first, RotateMaster second.
//
// # Several processes
//
// Any number of processes may share a key store. A process asks at most every
// Options.FreshFor (5 s) which keys were destroyed elsewhere, before it uses a
// key from memory; when the key store does not answer then, nothing is opened.
// So a key destroyed by one process is unusable in that process when DestroyKey
// returns, and in every other process at most FreshFor later. A rotation by
// another process needs no restart, unless the master key comes from the
// environment: then an organisation that the process did not use yet, or a new
// one, is refused with ErrMasterWrong until it is started with the new key.
//
// It does not know which person owns which key, and it does not erase data.
package vault
