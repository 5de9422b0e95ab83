// Package match compares biometric templates: one against one, and one against
// all of a gallery (ISO/IEC 2382-37 "one-to-many").
//
// It owns the template format, the quantiser that turns a recogniser's vector
// into a template, the comparison score, and an exhaustive in-memory search.
// Nothing is approximate: a search answers exactly what comparing the probe
// with every stored template would answer, down to the bits of the scores.
//
// A gallery can be saved, sealed, and loaded again: see Capture and Snapshot.
//
// It does not own thresholds (they belong to the recogniser's calibration),
// keys, persons or identities. It imports only the standard
// library, and golang.org/x/sys/cpu to learn what the processor can do.
//
// Templates are biometric data. Neither a Template nor an error of this package
// ever prints a code, and a Gallery overwrites what it gives up.
package match
