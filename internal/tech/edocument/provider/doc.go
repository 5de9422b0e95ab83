// Package provider reaches services that answer for a document without its
// chip: the holder is named, receives a code from the service, and by giving it
// approves that the service tells what it has.
//
// Whoever runs an instance configures its providers by name. There is a
// provider of fixed answers for tests and one that speaks signed JSON over
// HTTPS, which a gateway to any national service can offer.
package provider
