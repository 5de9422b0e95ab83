package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// TLSFiles names a certificate chain and its key in PEM. Both empty means
// plain HTTP.
type TLSFiles struct{ Cert, Key string }

// How long a client may take with its headers, a connection may rest, and
// running requests get when the server stops.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 30 * time.Second
	maxHeaders    = 32 << 10
)

// Serve answers on the listener until ctx ends, then lets running requests
// finish for thirty seconds and returns nil. It closes the listener.
func Serve(ctx context.Context, l net.Listener, h http.Handler, files TLSFiles) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaders,
		TLSConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:    log.New(io.Discard, "", 0), // clients' handshake faults; ours are logged with their request
		ConnContext: carryConn,
	}
	ended := make(chan error, 1)
	go func() { ended <- run(srv, lingering(ctx, l), files) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	err := stop(srv)
	<-ended
	return err
}

func run(srv *http.Server, l net.Listener, files TLSFiles) error {
	if files == (TLSFiles{}) {
		return srv.Serve(l)
	}
	return srv.ServeTLS(l, files.Cert, files.Key)
}

func stop(srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return srv.Close()
	}
	return err
}
