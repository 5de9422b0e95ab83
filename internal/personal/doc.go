// Package personal validates national personal numbers and reads the date of
// birth and the sex that some of them state.
//
// A number that holds is well formed; only the state's register knows whether
// it was issued, and to whom.
package personal
