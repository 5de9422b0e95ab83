// Package gallery decides whether a face is already known: an ordered log per
// organisation and template model, and the protocol reserve, search, decide.
//
// Of two enrolments of one face the later position always finds the earlier
// one, because positions become visible in order (store.Gallery), a search
// covers every entry before the own position, pending ones included, on an
// index that proves it has applied that position, and a pending candidate is
// waited for. Waiting goes only to lower positions, so it cannot deadlock.
//
// A use case enrols in three steps:
//
//	held, err := g.Reserve(ctx, org, entries, nil) // one transaction
//	known, err := held[0].Search(ctx, rule)        // none
//	err = store.Update(ctx, org, func(tx store.Tx) error {
//		...                                        // what the answer means
//		return held[0].Activate(ctx, tx)           // or WithdrawTx
//	})
//
// and calls Withdraw when it gives up. A process that dies in between leaves a
// pending entry whose lease ends; whoever waits for it, or Sweep, withdraws it.
//
// The package owns the log, its hash chain, leases of pending entries and the
// follower that keeps an Index up to date. It does not know persons or records:
// an entry carries the subject as an opaque text, and what a candidate means is
// the use case's decision.
//
// A follower reads the log in order, checks positions and hashes, and opens the
// templates. A log that does not chain makes it drop what it knows and start
// from the beginning once; when that fails as well, or when a template cannot
// be opened though its entry stands, the gallery refuses to answer instead of
// leaving a face out.
//
// Snapshots spare a start the reading of the whole log. They are derived data,
// sealed, and trusted no further than the log goes on from their position and
// hash. What the log ends is overwritten in them.
package gallery
