// Package cms reads and verifies signed messages (RFC 5652 SignedData), the
// envelope of document security objects and of master lists.
//
// It proves that the content was signed by a certificate that the message
// carries. Whether that certificate is to be trusted is its caller's question.
package cms
