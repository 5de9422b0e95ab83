// Package gallery decides whether a face is already known: an ordered log per
// organisation and template model, and the protocol reserve, search, decide.
//
// Of two enrolments of one face the later position always finds the earlier
// one, because positions become visible in order (store.Gallery), a search
// covers every entry before the own position, pending ones included, on an
// index that proves it has applied that position, and a pending candidate is
// waited for. Waiting goes only to lower positions, so it cannot deadlock.
//
// It owns the log, its hash chain, leases of pending entries and the follower
// that keeps an Index up to date. It does not know persons or records: an entry
// carries the subject as an opaque text, and what a candidate means is the use
// case's decision.
package gallery
