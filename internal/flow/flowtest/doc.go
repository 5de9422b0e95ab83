// Package flowtest makes worlds in which flows can be run by tests: a database,
// keys, the registry, and technologies of which some are real and some do as
// they are told.
package flowtest
