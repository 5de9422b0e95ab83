// Package trust keeps the certificates that documents are believed on: the
// root certificates of issuing states (CSCA) and of mobile document issuers
// (IACA), the master lists that carry many of them, and revocation lists.
//
// They are files in a folder, put there by whoever runs the instance: what a
// state publishes has its own terms, so none is shipped. A folder that changes
// is read again.
package trust
