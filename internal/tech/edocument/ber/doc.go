// Package ber reads the tag-length-value encodings of chip files and
// certificates: X.690 BER of definite length, as strict as safety asks (depth,
// count and length are bounded before anything is kept) and as lenient as the
// documents in circulation need (lengths that are not minimal, negative serial
// numbers, absent parameters).
//
// It does not write, and it knows no structure beyond single elements.
package ber
