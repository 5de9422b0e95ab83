// Package client talks to an Idem server: to its native API with a secret key
// (New), and to its Flow session API with the key of a flow (ForFlow) or, for
// those who run the steps, with a session's identifier alone (ForSession).
//
// It owns typed requests and answers, idempotency keys, retries and paging. It
// keeps no state but its HTTP connections and knows nothing of how the server
// works.
//
//	c, err := client.New("https://idem.example", os.Getenv("IDEM_SECRET_KEY"))
//	made, err := c.CreatePerson(ctx, client.NewPerson{Image: jpeg, PhotoType: client.PhotoLive})
//	found, err := c.Identify(ctx, client.Identify{Image: probe, FMR: client.Value(1e-5)})
//
//	f, err := client.ForFlow("https://idem.example", os.Getenv("IDEM_FLOW_KEY"))
//	opened, err := f.Open(ctx, client.NewSession{Metadata: map[string]any{"order": 7}})
//	event, err := client.ReadEvent(secret, r.Header, body, time.Now()) // in the receiver of a webhook
//	result, err := f.Result(ctx, event.SessionID)
//
// Every creating call of the native API carries an Idempotency-Key, so that
// repeating it after a lost answer does nothing twice. Calls that are safe to
// repeat are repeated when the server is busy (429), a part of it is unavailable
// (503) or the connection broke; the server's Retry-After is respected.
package client
