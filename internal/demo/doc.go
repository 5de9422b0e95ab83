// Package demo makes a small population from sample pictures, so that a fresh
// installation and the tests have real faces to work with: it cuts the people
// out of group photos, keeps those whose quality suffices, and re-photographs
// them for second captures.
//
// The samples prove that the parts work together. They say nothing about
// accuracy.
package demo
