// Package access decides who may come in and what for: organisations with
// their first keys, credentials of API clients, operators and their passwords,
// subscriptions.
//
// It owns the form of secrets, the look-up of a shown secret with its short
// cache, and the rule that nobody hands out a permission that they lack. The
// table of what a role may do is in the core (idem.PermissionsOf); here is who
// may change it for whom. It knows no HTTP and keeps no sign-in sessions.
//
// What it changes of an organisation as a whole is an entry of the instance's
// audit, in the same transaction.
//
// A credential is usable from its creation until it expires or is revoked.
// Revoking holds at once in the process that did it and within the cache's
// lifetime (at most five seconds) in every other one.
package access
