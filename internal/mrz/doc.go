// Package mrz reads and writes the machine readable zones of travel documents
// by ICAO Doc 9303: TD1, TD2 and TD3 documents and the visas MRV-A and MRV-B.
//
// One table of layouts says where each field stands, which characters may
// stand there and what each check digit covers. The parser, the composer and
// the decoder of recognised text all go by it.
//
// The parser corrects nothing: what does not hold is reported beside the
// fields as they were read.
package mrz
