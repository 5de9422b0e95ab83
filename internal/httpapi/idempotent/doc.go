// Package idempotent answers a repeated creating request with the first answer.
//
// A request that carries an Idempotency-Key claims it before it does anything.
// Its answer is remembered for 24 hours, if possible in the very transaction
// that makes the change (Claim.Finish), so that a crash never leaves a change
// whose repetition would be made again. Only successes are remembered: a
// refused request had no effect and may be repeated under its key.
//
// A claim whose request never ended, because the process died, is taken over
// after Lease; every request under a claim is cancelled before that.
package idempotent
