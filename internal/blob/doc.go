// Package blob keeps opaque, already sealed objects of organisations: pictures
// and other large evidence.
//
// A backend sees ciphertext only. Objects are written once, before the row that
// names them, and deleted after it.
package blob
