package httpapi

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// A request may be refused before its body came in. A connection that is closed
// then is reset by TCP as soon as more of the body arrives, and the reset
// overtakes the answer: a browser, which sends its whole body before it reads,
// shows a broken connection instead of the refusal. So such a connection is
// closed slowly (RFC 9112 section 9.6): the answer and the end are sent, and
// what still comes is thrown away, within these bounds.
const (
	lingerTime   = 30 * time.Second // in all
	lingerStall  = 3 * time.Second  // without a byte
	lingerBytes  = 64 << 20
	lingerBuffer = 16 << 10
	lingerMost   = 256 // connections at a time; others are closed at once
)

// lingerListener makes connections that close slowly when they have to.
type lingerListener struct {
	net.Listener
	stop   <-chan struct{} // the server stops
	places chan struct{}
}

func lingering(ctx context.Context, l net.Listener) *lingerListener {
	return &lingerListener{l, ctx.Done(), make(chan struct{}, lingerMost)}
}

// Accept implements net.Listener.
func (l *lingerListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lingerConn{Conn: c, listener: l}, nil
}

type lingerConn struct {
	net.Conn
	listener *lingerListener
	unread   atomic.Bool // a body was not read to its end
}

// Close implements net.Conn. A second call does not wait and ends the first.
func (c *lingerConn) Close() error {
	if c.unread.Swap(false) {
		c.linger()
	}
	return c.Conn.Close()
}

// CloseWrite tells the client the end.
func (c *lingerConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *lingerConn) linger() {
	select {
	case c.listener.places <- struct{}{}:
		defer func() { <-c.listener.places }()
	default:
		return
	}
	_ = c.CloseWrite() // what was lost does not matter any more
	end, buffer := time.Now().Add(lingerTime), make([]byte, lingerBuffer)
	for read := 0; read < lingerBytes && time.Now().Before(end) && !c.stopped(); {
		_ = c.Conn.SetReadDeadline(time.Now().Add(lingerStall))
		n, err := c.Conn.Read(buffer)
		if err != nil {
			return
		}
		read += n
	}
}

func (c *lingerConn) stopped() bool {
	select {
	case <-c.listener.stop:
		return true
	default:
		return false
	}
}

type lingerKey struct{}

// carryConn lets requests know their connection.
func carryConn(ctx context.Context, c net.Conn) context.Context {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	return context.WithValue(ctx, lingerKey{}, c)
}

// watched is a body of which is known whether it was read to its end.
type watched struct {
	io.ReadCloser
	ended atomic.Bool
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}

// watchBody returns what is called when a request was answered: it has the
// connection close slowly, if it closes, unless the body was read to its end.
// The server itself reads a small rest away, which gets no longer than that.
func watchBody(w http.ResponseWriter, r *http.Request) (answered func()) {
	c, ok := r.Context().Value(lingerKey{}).(*lingerConn)
	if !ok || r.ProtoMajor != 1 {
		return func() {}
	}
	c.unread.Store(false)
	if !hasBody(r) {
		return func() {}
	}
	b := &watched{ReadCloser: r.Body}
	r.Body = b
	return func() {
		if b.ended.Load() {
			return
		}
		c.unread.Store(true)
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingerStall))
	}
}
