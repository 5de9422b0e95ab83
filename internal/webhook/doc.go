// Package webhook is the use case of events that are sent to others: where they
// go, what is sent, and what became of it.
//
// Emit stands in the transaction of the business: it keeps the event and queues
// one job for each webhook of the flow. Every attempt sends the same bytes
// under the same identifier, signed anew; the events of one session reach a
// webhook in their order, so that a later one waits while an earlier one is
// tried again. An event may arrive twice, never silently not at all: after
// three days of refusals its job is dead and a person decides.
//
//	webhook-id, webhook-timestamp, webhook-signature   Standard Webhooks 1.0
//	X-Webhook-Timestamp, X-Webhook-Signature           "v1=" and hexadecimal, over "timestamp.body"
//
// Deliveries go to public addresses over TLS, unless the administrator allowed
// more (see Guard): whoever may configure a webhook must not reach the network
// that the server stands in. The receiver's answer is data, read up to 1 KiB.
//
// It does not own the meaning of events, nor when jobs run.
package webhook
