// Package report writes flow sessions the way that the Flow API and its
// webhooks show them: values that encode as JSON.
package report
