// Package barcode reads the two-dimensional codes of documents: QR codes and
// PDF417, and the driving licence records of AAMVA that PDF417 carries in North
// America.
//
// With the build tag zxing both are read by ZXing-C++, which the system has to
// have; without it QR codes are read in Go, and PDF417 is not offered. ZXing is
// foreign code that meets strangers' pixels, so it belongs into a worker: see
// NewReader.
package barcode
