// Package emrtd reads the files of machine readable travel documents' chips
// (ICAO Doc 9303 parts 10 and 11): the document security object, the data
// groups with the machine readable zone, the portrait and the chip's key, and
// it verifies the chip's answer to a challenge.
//
// Nothing that a file says is proven by reading it. The technology above
// decides what may be believed, and in which order.
package emrtd
