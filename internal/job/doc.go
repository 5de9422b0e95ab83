// Package job does later what a transaction leaves behind: durable jobs, queued
// in the transaction of the business itself and run by bounded workers.
//
//	queued → running → done
//	           │ ├──→ queued   again later, or given back at a stop
//	           │ └──→ dead     after the last attempt, or at once when hopeless
//	           └ lease ends: claimed again, by this process or another one; at
//	             once when a process starts that is the only one
//	dead, queued → queued | discarded   by hand
//
// A job runs at least once. Work that must happen once ends its job in the
// transaction that does it (Task.Finish): a run that has lost its lease then
// leaves nothing.
//
// Jobs of one group run one after the other in order of insertion, also where
// the first of them has to be tried again. It owns kinds, workers, leases and
// backoff; what is kept, and the claim across processes, is the store's.
package job
