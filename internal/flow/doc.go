// Package flow is the use case of flows: ordered technologies that a person
// goes through in a session, and the person that comes of it.
//
// A session is NEW when it is opened with the flow's key, in PROGRESS from its
// start, and FINISHED, FAILED or EXPIRED for ever after. Its steps run strictly
// in order; each takes evidence, runs its technology outside any transaction and
// stores what was found in one. A step's unit of its subscription is spent when
// it begins. Pictures and results are sealed under the session's own data key.
//
// Whoever knows a session's identifier may run its steps and learn how far it
// is, but not what the steps found: results belong to the holder of the flow's
// key and to those who may read sessions.
//
// An ended session is collected into a person by a job, which finds the person
// by aliases, creates or updates it (package registry) and closes the session's
// collection, all in one transaction. What cannot be decided waits as a
// conflict for an operator.
package flow
