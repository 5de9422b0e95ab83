// Package dir keeps objects as files: <root>/<organisation>/<shard>/<reference>.
//
// The shard is the last two characters of the reference. The first two would be
// the same for every reference of a generation, because a UUIDv7 starts with
// the time; the last two are random and spread the files over 256 folders.
//
// A file appears under its name only when it is complete and durable: it is
// written in <root>/.tmp, synced, linked to its name, and the folder is synced.
// Linking, unlike renaming, fails when the name is taken. What a crash left in
// .tmp is removed by the next Open, unless another process has the folder open.
//
// Folders have mode 0700, files 0600. It does not encrypt: what it is given is
// sealed already.
package dir
