// Package eval measures a face engine on the operator's own pictures:
// verification (pairs, or every pair of a folder tree), identification and
// presentation attack detection, with error rates in the terms of ISO/IEC
// 19795-1 and 30107-3, confidence intervals, scores as CSV and a DET plot.
//
// What cannot be enrolled is counted, never left out: a failed sample does not
// match anything.
//
// It compares the 8-bit templates that Idem stores, or on request the
// recogniser's own vectors, to show what the 8 bits cost. It stores nothing.
package eval
