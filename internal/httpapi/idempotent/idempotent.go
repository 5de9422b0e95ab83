package idempotent

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Header is the name of the request header, Replayed that of the header which
// marks a remembered answer with "true".
const (
	Header   = "Idempotency-Key"
	Replayed = "Idempotency-Replayed"
)

// Keep is how long an answer is remembered, Lease how long a claim holds
// without one. A request under a claim is cancelled after Patience.
const (
	Keep     = 24 * time.Hour
	Lease    = 6 * time.Minute
	Patience = 5 * time.Minute
)

// maxKey bounds the client's key, in bytes.
const maxKey = 255

// The refusals of this package.
var (
	ErrKey        = idem.Errorf(idem.Unprocessable, "IDEMPOTENCY_KEY_INVALID", "an Idempotency-Key is 1 to 255 visible ASCII characters")
	ErrMismatch   = idem.Errorf(idem.Unprocessable, "IDEMPOTENCY_MISMATCH", "the Idempotency-Key was used for a different request")
	ErrInProgress = idem.Errorf(idem.Conflict, "IDEMPOTENCY_IN_PROGRESS", "the first request with this Idempotency-Key has not ended yet")
)

// Request identifies a creating request. Digest is the SHA-256 of what it asks
// for: the body, or its parts where the body differs at each attempt.
type Request struct {
	Key    string // the client's, "" for none
	Method string
	Path   string
	Digest [32]byte
}

// FromHTTP reads the key of a request whose whole content is body.
func FromHTTP(r *http.Request, body []byte) (Request, error) {
	return WithDigest(r, sha256.Sum256(body))
}

// WithDigest reads the key of a request whose content has the given digest.
func WithDigest(r *http.Request, digest [32]byte) (Request, error) {
	values := r.Header.Values(Header)
	if len(values) == 0 {
		return Request{}, nil
	}
	key := values[0]
	if len(values) > 1 || len(key) > maxKey || !visible(key) {
		return Request{}, ErrKey
	}
	return Request{Key: key, Method: r.Method, Path: strings.TrimSuffix(r.URL.EscapedPath(), "/"), Digest: digest}, nil
}

func visible(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' })
}

// Answer is what a request is answered with. Replayed marks a remembered one.
type Answer struct {
	Status   int
	Body     []byte
	Replayed bool
}

// Claim is the hold of a running request on its key. A nil Claim belongs to a
// request without a key, and finishing it does nothing.
type Claim struct {
	key      string
	finished bool
}

// Finish remembers the answer in the transaction that makes the change.
func (c *Claim) Finish(ctx context.Context, tx store.Tx, status int, body []byte) error {
	if c == nil {
		return nil
	}
	c.finished = true
	if err := tx.Idempotency().Finish(ctx, c.key, status, body); err != nil {
		return fmt.Errorf("remember answer: %w", err)
	}
	return nil
}

// Do runs a request at most once per key of the principal, method and path,
// and returns its answer or the remembered one. The refusals of its own are
// ErrMismatch and ErrInProgress. An answer outside 200..299, or an error, frees
// the key.
func Do(ctx context.Context, s store.Store, p idem.Principal, r Request, run func(context.Context, *Claim) (Answer, error)) (Answer, error) {
	if r.Key == "" {
		return run(ctx, nil)
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	row := store.IdempotencyRow{Key: rowKey(p, r), Request: r.Digest}
	earlier, err := begin(ctx, s, p.Org, row)
	if err != nil || earlier != nil {
		return replay(earlier, row, err)
	}
	c := &Claim{key: row.Key}
	ended := false
	defer func() {
		if !ended { // a panic, or no success: nothing to remember
			release(ctx, s, p.Org, row)
		}
	}()
	answer, err := run(ctx, c)
	if err != nil || answer.Status < 200 || answer.Status > 299 {
		return answer, err
	}
	ended = true
	if !c.finished {
		remember(ctx, s, p.Org, c, answer)
	}
	return answer, nil
}

// rowKey joins what makes a key unique by line breaks, which none of the parts
// can contain.
func rowKey(p idem.Principal, r Request) string {
	who := string(p.Actor.Credential) + "/" + string(p.Actor.Operator)
	return strings.Join([]string{who, r.Method, r.Path, r.Key}, "\n")
}

// begin claims the key, taking it over from an answer that is too old and from
// a request that never ended.
func begin(ctx context.Context, s store.Store, org idem.OrgID, row store.IdempotencyRow) (earlier *store.IdempotencyRow, err error) {
	err = s.Update(ctx, org, func(tx store.Tx) error {
		earlier, err = tx.Idempotency().Begin(ctx, row)
		if err != nil || earlier == nil {
			return err
		}
		age := tx.Now().Sub(earlier.CreatedAt)
		if age < Lease || earlier.Status != 0 && age < Keep {
			return nil
		}
		if err := tx.Idempotency().Forget(ctx, row.Key); err != nil {
			return err
		}
		earlier, err = tx.Idempotency().Begin(ctx, row)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	return earlier, nil
}

func replay(earlier *store.IdempotencyRow, row store.IdempotencyRow, err error) (Answer, error) {
	switch {
	case err != nil:
		return Answer{}, err
	case earlier.Request != row.Request:
		return Answer{}, ErrMismatch
	case earlier.Status == 0:
		return Answer{}, ErrInProgress
	}
	return Answer{Status: earlier.Status, Body: earlier.Body, Replayed: true}, nil
}

// afterwards bounds what is written after a request, also when its client left.
const afterwards = 10 * time.Second

// remember stores an answer behind its change. A failure leaves the claim to
// its lease: the change was made and its answer is still given.
func remember(ctx context.Context, s store.Store, org idem.OrgID, c *Claim, a Answer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	_ = s.Update(ctx, org, func(tx store.Tx) error { return c.Finish(ctx, tx, a.Status, a.Body) })
}

// release frees the key of a request without effect. A row that has an answer
// stays: its change was committed although the caller saw a failure.
func release(ctx context.Context, s store.Store, org idem.OrgID, row store.IdempotencyRow) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	_ = s.Update(ctx, org, func(tx store.Tx) error {
		earlier, err := tx.Idempotency().Begin(ctx, row)
		if err != nil || earlier != nil && earlier.Status != 0 {
			return err
		}
		return tx.Idempotency().Forget(ctx, row.Key)
	})
}
