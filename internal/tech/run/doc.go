// Package run runs technologies within bounds that all of them share: so many
// at a time, each for so long, evidence decoded under its place.
//
// It owns neither permission, subscription nor result: these are the business
// of the use case that has a technology run, alone (check) or in a flow.
package run
