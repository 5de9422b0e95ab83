package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls one server with one secret key. It is safe for concurrent use.
type Client struct {
	base     string
	shown    http.Header // the credential, in every request
	http     *http.Client
	attempts int
	pause    time.Duration
	longest  time.Duration
}

// Option changes a Client.
type Option func(*Client)

// WithHTTPClient uses h for all requests. Its timeout counts per attempt.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithAttempts bounds how often a call is tried, 1 for no repetition; 4 by
// default. Pauses begin at pause and double, up to 30 s, unless the server asks
// for more; 250 ms by default.
func WithAttempts(attempts int, pause time.Duration) Option {
	return func(c *Client) { c.attempts, c.pause = max(1, attempts), pause }
}

// New makes a client of the server at base, such as https://idem.example, that
// shows the secret key sk_....
func New(base, secretKey string, options ...Option) (*Client, error) {
	return newClient(base, http.Header{"Authorization": {"Bearer " + secretKey}}, options)
}

func newClient(base string, shown http.Header, options []Option) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of a server", base)
	}
	c := &Client{base: strings.TrimSuffix(base, "/"), shown: shown, http: &http.Client{Timeout: time.Minute},
		attempts: 4, pause: 250 * time.Millisecond, longest: 30 * time.Second}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

type idempotencyKey struct{}

// WithIdempotencyKey makes the creating calls under ctx use this key instead of
// a drawn one, for callers that repeat a call after a restart of their own.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}

// Value gives a pointer, for optional members.
func Value[T any](v T) *T { return &v }

// call is one call, whose body can be sent several times.
type call struct {
	method, path string
	query        url.Values
	body         []byte
	contentType  string
	header       http.Header
	creates      bool // carries an Idempotency-Key
	safe         bool // may be repeated although its answer was lost
}

func get(path string, query url.Values) call {
	return call{method: http.MethodGet, path: path, query: query, safe: true}
}

// withJSON gives a call a body.
func (k call) withJSON(body any) (call, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return k, fmt.Errorf("encode request: %w", err)
	}
	k.body, k.contentType = raw, "application/json"
	return k, nil
}

// do makes the call and reads the answer into out, which may be nil.
func (c *Client) do(ctx context.Context, k call, out any) error {
	raw, _, err := c.send(ctx, k)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("read answer to %s %s: %w", k.method, k.path, err)
	}
	return nil
}

// send makes the call as often as it takes and may.
func (c *Client) send(ctx context.Context, k call) (body []byte, header http.Header, err error) {
	key := ""
	if k.creates {
		key = keyOf(ctx)
	}
	for attempt := 1; ; attempt++ {
		body, header, err = c.once(ctx, k, key)
		if err == nil || attempt >= c.attempts || ctx.Err() != nil || !k.repeatable(err) {
			return body, header, err
		}
		if waitErr := wait(ctx, c.delay(attempt, err)); waitErr != nil {
			return nil, nil, errors.Join(err, waitErr)
		}
	}
}

func keyOf(ctx context.Context) string {
	if key, ok := ctx.Value(idempotencyKey{}).(string); ok {
		return key
	}
	return rand.Text()
}

// repeatable reports whether trying again can help and does no harm. A busy
// server has not begun the work; what else failed may have had its effect.
func (k call) repeatable(err error) bool {
	refused := (*Error)(nil)
	if !errors.As(err, &refused) {
		return k.safe || k.creates
	}
	switch {
	case refused.Status == http.StatusTooManyRequests:
		return refused.Details["limit"] == nil // that of codes passes later than anybody waits
	case refused.Status == http.StatusServiceUnavailable:
		return k.safe || k.creates
	}
	return k.creates && refused.Code == "IDEMPOTENCY_IN_PROGRESS"
}

// delay doubles from attempt to attempt, but is what the server asks for.
func (c *Client) delay(attempt int, err error) time.Duration {
	refused := (*Error)(nil)
	if errors.As(err, &refused) && refused.RetryAfter > 0 {
		return refused.RetryAfter
	}
	return min(c.pause<<(attempt-1), c.longest)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) once(ctx context.Context, k call, key string) ([]byte, http.Header, error) {
	req, err := c.request(ctx, k, key)
	if err != nil {
		return nil, nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", k.method, k.path, withoutURL(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("read answer to %s %s: %w", k.method, k.path, err)
	}
	if res.StatusCode > 299 {
		return nil, nil, refusal(res.StatusCode, res.Header, body)
	}
	return body, res.Header, nil
}

// withoutURL drops the address that net/http puts around an error: a path may
// name a person.
func withoutURL(err error) error {
	outer := (*url.Error)(nil)
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

func (c *Client) request(ctx context.Context, k call, key string) (*http.Request, error) {
	address := c.base + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, address, bytes.NewReader(k.body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for name, values := range k.header {
		req.Header[name] = values
	}
	maps.Copy(req.Header, c.shown)
	if k.body != nil {
		req.Header.Set("Content-Type", k.contentType)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req, nil
}
