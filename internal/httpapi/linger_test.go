package httpapi_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/httpapi"
)

// upload is a request whose body is sent as a browser sends one: wholly, before
// anything is read.
type upload struct {
	head    string // request line and headers, without the length
	size    int    // of the body, in bytes
	chunked bool
}

// on sends the upload and returns the answer.
func (u upload) on(c net.Conn) (*http.Response, error) {
	length := fmt.Sprintf("Content-Length: %d", u.size)
	if u.chunked {
		length = "Transfer-Encoding: chunked"
	}
	if _, err := fmt.Fprintf(c, "%s\r\nHost: idem\r\nContent-Type: application/json\r\n%s\r\n\r\n", u.head, length); err != nil {
		return nil, err
	}
	const piece = 64 << 10
	block := strings.Repeat("x", piece)
	if u.chunked {
		block = fmt.Sprintf("%x\r\n%s\r\n", piece, block)
	}
	for range u.size / piece {
		if _, err := io.WriteString(c, block); err != nil {
			return nil, fmt.Errorf("send: %w", err)
		}
	}
	if u.chunked {
		_, _ = io.WriteString(c, "0\r\n\r\n")
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	_, err = io.ReadAll(answer.Body)
	return answer, err
}

// TestRefusalsOfLargeBodiesAreRead sends twenty megabytes and more to whoever
// does not want them: the whole is taken and the answer comes through.
func TestRefusalsOfLargeBodiesAreRead(t *testing.T) {
	each(t, func(w *world) {
		key := "\r\nAuthorization: Bearer " + w.key
		for name, c := range map[string]struct {
			upload
			want int
		}{
			"no key":           {upload{"POST /v1/persons HTTP/1.1", 19 << 20, false}, 401},
			"too large":        {upload{"POST /v1/persons HTTP/1.1" + key, 30 << 20, false}, 413},
			"too large, later": {upload{"POST /v1/persons HTTP/1.1" + key, 30 << 20, true}, 413},
			"no route":         {upload{"POST /nothing HTTP/1.1", 20 << 20, false}, 404},
			"another key":      {upload{"POST /api/v1/backend/persons/ HTTP/1.1\r\nX-API-Key: wrong", 20 << 20, false}, 401},
			"compressed":       {upload{"POST /v1/persons HTTP/1.1\r\nContent-Encoding: gzip" + key, 20 << 20, false}, 415},
		} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			if answer, err := c.on(conn); err != nil || answer.StatusCode != c.want {
				t.Errorf("%s: %+v, %v", name, answer, err)
			}
			conn.Close()
		}
	})
}

// small is a server without a database, which knows no route that takes a body.
func small(t *testing.T, files httpapi.TLSFiles) (address string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- httpapi.Serve(ctx, l, httpapi.New(httpapi.Deps{Version: "test"}), files) }()
	return l.Addr().String(), func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestRefusalsOfLargeBodiesAreReadOverTLS(t *testing.T) {
	files, pool := certificate(t)
	address, stop := small(t, files)
	defer stop()
	for range 3 {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool})
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		if answer, err := (upload{"POST /nothing HTTP/1.1", 20 << 20, false}).on(conn); err != nil || answer.StatusCode != 404 {
			t.Errorf("%+v, %v", answer, err)
		}
		conn.Close()
	}
}

// stalled asks for nothing with a body that does not come, and returns the
// connection when the answer and its end have come.
func stalled(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	begun := time.Now()
	_ = conn.SetDeadline(begun.Add(20 * time.Second))
	if _, err := io.WriteString(conn, "POST /nothing HTTP/1.1\r\nHost: idem\r\nContent-Length: 20000000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404 ") || time.Since(begun) > 8*time.Second {
		t.Fatalf("%.40q, %v after %v", answer, err, time.Since(begun))
	}
	return conn
}

// TestStalledBodiesAreNotWaitedFor: a connection of whose body nothing comes is
// gone a few seconds behind the answer.
func TestStalledBodiesAreNotWaitedFor(t *testing.T) {
	address, stop := small(t, httpapi.TLSFiles{})
	defer stop()
	conn := stalled(t, address)
	time.Sleep(5 * time.Second)
	var err error
	for range 5 { // the first one is answered by a reset
		if _, err = io.WriteString(conn, "x"); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err == nil {
		t.Error("the connection is still there")
	}
}

// TestAStopDoesNotWaitForBodies stops a server that throws a body away.
func TestAStopDoesNotWaitForBodies(t *testing.T) {
	address, stop := small(t, httpapi.TLSFiles{})
	conn := stalled(t, address)
	go func() {
		for {
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}()
	begun := time.Now()
	stop()
	if took := time.Since(begun); took > 6*time.Second {
		t.Errorf("it took %v", took)
	}
}
