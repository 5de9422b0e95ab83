// Package registry is the use case of persons: it creates, reads, changes,
// deletes, restores and erases them together with their aliases and photos, and
// it compares faces with those of the persons (1:1 and 1:N).
//
// It owns the order of effects. A photo's sealed bytes are stored before the
// row that names them; a face that must be unique is reserved in the gallery,
// searched for and decided; then one transaction spends the subscription,
// writes the rows, activates the gallery entry and appends the actions. What
// fails before that transaction commits leaves no person, no photo, no alias
// and no spent unit behind.
//
// It does not know HTTP, SQL or how templates are made. Rules that need no I/O
// are in package idem: the default photo, normalisation, states, subscriptions.
package registry
