// Package capture serves what the person in front of the camera sees: the
// hosted page of a session, the web component in it, the script that embeds the
// page elsewhere, and the QR code that moves a session to a phone.
//
// It owns markup, scripts, texts and the headers that confine them. It knows of
// a session only what a page needs before its first script runs; everything
// else the script asks of the session API.
//
// The scripts are written in TypeScript below ui and bundled into dist by
// tools/capture, which is what the binary carries: building Idem needs no Node.
// Texts are one JSON file for each language in ui/locales, and further ones in
// a folder of the operator's.
package capture

//go:generate go run ../../tools/capture
