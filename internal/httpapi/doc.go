// Package httpapi is the HTTP edge: the native REST API under /v1, health and
// metrics, the API's own documentation, and the server that all dialects share.
//
// It owns the way of a request: identifier, limits, authentication, permission,
// admission, decoding, call of one use case, encoding; and the shape of native
// answers and refusals (RFC 9457). It has no rules of its own: those are in the
// use cases. routes.go is the list of everything that can be called; there is
// one file per resource beside it.
//
// What a client sends reaches no log: neither bodies nor query strings, and
// headers only where they are named here.
package httpapi
