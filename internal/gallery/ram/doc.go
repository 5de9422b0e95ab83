// Package ram is the gallery index in this process's memory: every reference of
// every set in package match, compared exhaustively.
//
// It owns where an entry's template lies, and which searches share a pass over
// them. It does not read the log, keeps no
// subjects and does not know pending from active entries: the follower does.
package ram
