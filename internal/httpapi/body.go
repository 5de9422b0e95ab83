package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/idem-id/idem"
)

// The refusals of bodies.
var (
	errBodyTooLarge = idem.Errorf(idem.TooLarge, codeBodyTooLarge, "the body is larger than is allowed here")
	errBodyTooSlow  = idem.Errorf(idem.Invalid, codeBodyTooSlow, "the body did not arrive in time")
	errBodyBroken   = idem.Errorf(idem.Invalid, "BODY_INCOMPLETE", "the body ended before its announced length")
	errEncoding     = idem.Errorf(idem.Unsupported, "CONTENT_ENCODING_UNSUPPORTED", "bodies are taken as they are, not compressed")
)

// Limits bounds what a request may take. Zero fields take the defaults.
type Limits struct {
	// Body bounds a request's body in bytes; 20 MiB.
	Body int64
	// Batch bounds a body of a dialect in bytes; 64 MiB. A dialect bounds its
	// own routes more tightly.
	Batch int64
	// BodyTimeout is how long a body may take to arrive; 60 s.
	BodyTimeout time.Duration
	// ReadWork and ChangeWork are how long a request may be worked on, so that a
	// database that neither answers nor hangs up holds nobody for ever: 30 s for
	// one that reads, 5 min for one that changes or brings pictures.
	ReadWork, ChangeWork time.Duration
	// WriteTimeout is how long an answer may take from its first byte; 60 s.
	WriteTimeout time.Duration
	// BodyMemory bounds the bodies that are held at one time, in bytes; 256 MiB.
	BodyMemory int64
	// Biometric bounds the requests with pictures that are worked on at one
	// time; 64. What comes on top is refused with RATE_LIMITED.
	Biometric int
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.Body, 20<<20)
	setDefault(&l.Batch, 64<<20)
	setDefault(&l.BodyTimeout, 60*time.Second)
	setDefault(&l.ReadWork, 30*time.Second)
	setDefault(&l.ChangeWork, 5*time.Minute)
	setDefault(&l.WriteTimeout, 60*time.Second)
	setDefault(&l.BodyMemory, 256<<20)
	setDefault(&l.Biometric, 64)
	return l
}

func setDefault[N int | int64 | time.Duration](field *N, value N) {
	if *field <= 0 {
		*field = value
	}
}

// bounded is a body that is cut at its limit, must arrive in time and counts
// against the memory for bodies as it comes in: whoever announces much and sends
// little holds little. The time limit ends with the body: one that stayed on
// the connection would later be taken for a client that went away. It stays on
// a body that was not read to its end, whose rest the server reads away before
// it answers.
type bounded struct {
	io.ReadCloser
	control *http.ResponseController
	memory  *semaphore.Weighted
	left    int64 // may still be read without holding more
	held    int64
}

func (s *server) boundBody(w http.ResponseWriter, r *http.Request, d door) *bounded {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.limits.BodyTimeout)) // test recorders have no deadline
	b := &bounded{ReadCloser: http.MaxBytesReader(w, r.Body, d.limit), control: control, memory: s.admission.memory, left: d.free()}
	r.Body = b
	return b
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	for b.left -= int64(n); b.left < 0; b.left += memoryStep {
		if !b.memory.TryAcquire(memoryStep) {
			return n, errBusy
		}
		b.held += memoryStep
	}
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// release gives the memory back when the request has been answered.
func (b *bounded) release() { b.memory.Release(b.held) }

// readAll reads a bounded body. The buffer grows with what arrives, not with
// what was announced.
func readAll(body io.Reader) ([]byte, error) {
	var buffer bytes.Buffer
	if _, err := buffer.ReadFrom(body); err != nil {
		return nil, bodyFault(err)
	}
	return buffer.Bytes(), nil
}

// bodyFault says why a body could not be read.
func bodyFault(err error) error {
	tooLarge, network := (*http.MaxBytesError)(nil), net.Error(nil)
	switch {
	case errors.As(err, &tooLarge):
		return errBodyTooLarge.With("limit_bytes", tooLarge.Limit)
	case errors.As(err, &network) && network.Timeout():
		return errBodyTooSlow.Because(err)
	case idem.KindOf(err) != idem.Internal:
		return err
	}
	return errBodyBroken.Because(err)
}
