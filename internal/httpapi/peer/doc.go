// Package peer tells the network address that a request comes from.
//
// It is the address of the connection. Only where that belongs to a proxy of
// the operator's, X-Forwarded-For is read, from the right: each trusted proxy
// vouches for the entry before its own, and for no more. What a client writes
// there itself is never believed.
package peer
