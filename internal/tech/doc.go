// Package tech is the port to the technologies that flows are made of: checks
// that take evidence in and say whether it proves what it should.
//
// A technology is one folder below. It is pure with respect to storage: it
// reads the evidence that it is given, keeps nothing, and knows neither
// sessions nor persons. A biometric or documentary result, however bad, is an
// Outcome; an error says that there is no result, because the evidence cannot
// be read or the engine is not there.
package tech
