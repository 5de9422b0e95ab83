// Package mdl reads mobile driving licences (ISO/IEC 18013-5) as wallets hand
// them over: a DeviceResponse, or the IssuerSigned part of one.
//
// It verifies what the issuer signed. That the device which presents a licence
// is the one it was issued to is not shown by these files: that needs the
// session in which it was asked.
package mdl
