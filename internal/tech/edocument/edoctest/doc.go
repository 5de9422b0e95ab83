// Package edoctest is a small issuer of electronic documents for tests: it
// makes certificates, security objects, data groups, master lists, revocation
// lists and mobile documents in every algorithm that issuers use, well formed
// and otherwise.
package edoctest
