// Package pki reads certificates and revocation lists of document issuers and
// verifies their signatures.
//
// Issuers' certificates predate, and often break, the profile that crypto/x509
// insists on: elliptic curves as explicit parameters, negative serial numbers,
// absent NULLs. They are read here as they are. What is never given up: a curve
// must be one that is known (parameters that merely resemble one are refused),
// points must lie on it, and keys have bounded size.
package pki
