// Package flows is the Flow session API: the dialect of package flow for
// integrators, who open sessions and read results with a flow's key, and for
// the pages and apps of end users, who run the steps.
//
// Whoever knows a session's identifier may run its steps; only the key reads
// what they found, and never from a browser: a request that carries an Origin
// is refused there, because keys of flows are easily left in browser code.
//
// Paths are taken with and without the trailing slash. JSON bodies are read
// whatever their content type says; evidence comes as a form. Refusals have
// the shape of the Persons API.
package flows
