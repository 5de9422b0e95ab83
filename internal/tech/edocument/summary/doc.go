// Package summary draws a sheet that tells people what a check of an
// electronic document found, as a picture and as a PDF with a QR code of the
// check's id. It is a record of the check, not a copy of the document, and says
// so.
package summary
