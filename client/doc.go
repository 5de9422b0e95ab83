// Package client talks to the native API of an Idem server.
//
// It owns typed requests and answers, idempotency keys, retries and paging. It
// keeps no state but its HTTP connections and knows nothing of how the server
// works.
//
//	c, err := client.New("https://idem.example", os.Getenv("IDEM_SECRET_KEY"))
//	made, err := c.CreatePerson(ctx, client.NewPerson{Image: jpeg, PhotoType: client.PhotoLive})
//	found, err := c.Identify(ctx, client.Identify{Image: probe, FMR: client.Value(1e-5)})
//
// Every creating call carries an Idempotency-Key, so that repeating it after a
// lost answer does nothing twice. Calls that are safe to repeat are repeated
// when the server is busy (429), a part of it is unavailable (503) or the
// connection broke; the server's Retry-After is respected.
package client
