// Package throttle bounds how often something may be done: token buckets by
// key, forgotten when they are full again and bounded in number. It knows
// nothing of HTTP; who asks decides what a key is and how a refusal looks.
package throttle
