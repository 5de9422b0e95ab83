package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// sendWithin bounds one delivery, from the name's resolution to the end of the
// answer that is read.
const sendWithin = 15 * time.Second

// maxReply is how much of an answer is kept, in bytes.
const maxReply = 1 << 10

// The refusals of receivers.
var (
	ErrRefused     = idem.Errorf(idem.Unavailable, "WEBHOOK_REFUSED", "the receiver did not answer 2xx")
	ErrUnreachable = idem.Errorf(idem.Unavailable, "WEBHOOK_UNREACHABLE", "the receiver cannot be reached")
)

// newClient sends nothing but what it is asked to: no redirect is followed, no
// proxy of the environment asked, no answer decompressed.
func newClient(g *Guard, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout:       sendWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            g.dial,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			MaxResponseHeaderBytes: 16 << 10,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
		},
	}
}

// send makes one attempt and tells what came of it: status, time, fault and the
// beginning of the answer.
func (w *Webhooks) send(ctx context.Context, to idem.Webhook, e store.Event) (store.Delivery, error) {
	began := w.now()
	d := store.Delivery{ID: w.ids.New(), Webhook: to.ID, Event: e.ID, Name: e.Name, At: began}
	status, reply, err := w.post(ctx, to, e, began)
	d.Status, d.Reply, d.Took = status, reply, w.now().Sub(began)
	if err == nil && (status < 200 || status > 299) {
		err = ErrRefused.With("status", status)
	}
	if err != nil {
		d.Fault = idem.CodeOf(err)
	}
	return d, err
}

func (w *Webhooks) post(ctx context.Context, to idem.Webhook, e store.Event, at time.Time) (status int, reply []byte, err error) {
	u, err := w.guard.URL(to.URL)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(e.Body))
	if err != nil {
		return 0, nil, idem.ErrWebhookURL
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "idem-webhook")
	if err := sign(request.Header, to.Secret, e.ID, at, e.Body); err != nil {
		return 0, nil, err
	}
	answer, err := w.client.Do(request)
	if err != nil {
		return 0, nil, unreachable(ctx, err)
	}
	defer answer.Body.Close()
	reply, err = io.ReadAll(io.LimitReader(answer.Body, maxReply))
	if err != nil { // the status is the answer
		reply = nil
	}
	return answer.StatusCode, reply, nil
}

// unreachable hides what the client says, which repeats the address and with
// it what may be secret.
func unreachable(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrBlocked):
		return ErrBlocked
	}
	return ErrUnreachable
}
