// Package check is the use case of technologies used alone, outside any flow:
// it asks for the permission and the subscription, runs the technology, spends
// one unit for a result, and keeps that the check took place.
//
// A check either runs at once (Run), or begins with something that the server
// asks for (Challenge, AskProvider) and ends with the answer (Respond, Approve). What
// was asked is kept sealed until then and serves once.
//
// Evidence and results belong to the caller: neither is stored here. A refusal
// or a failure of the engine costs nothing.
package check
