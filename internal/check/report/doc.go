// Package report writes the outcomes of checks the way that the native API and
// the command line show them: values that encode as JSON, in snake_case.
package report
