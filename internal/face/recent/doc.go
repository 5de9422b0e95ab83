// Package recent remembers for minutes what a face engine found, so that a
// picture which comes again is not analysed again: a session compares the frame
// that liveness judged, and its person keeps the pictures that were compared.
//
// It decides nothing and stores nothing: what it knows is gone with the process.
package recent
