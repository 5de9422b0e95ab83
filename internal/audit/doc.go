// Package audit proves that the actions of an organisation, and those of the
// instance, are complete and unchanged: it walks their hash chains from the
// beginning and recomputes every link.
//
// It writes nothing. The actions themselves are made by the use cases, and the
// encoding that their hashes cover is in package chain.
package audit
