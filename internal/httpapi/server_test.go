package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"image"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/httpapi"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

func TestHealth(t *testing.T) {
	each(t, func(w *world) {
		if got := w.do(request{method: "GET", path: "/healthz", key: "-"}).is(200); got.text("status") != "ok" {
			t.Errorf("health: %s", got.raw)
		}
		ready := w.do(request{method: "GET", path: "/readyz", key: "-"}).is(200)
		if ready.text("status") != "ready" || len(ready.list("parts")) != 3 || ready.text("parts.0.name") != "database" {
			t.Errorf("readiness: %s", ready.raw)
		}
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		broken := w.do(request{method: "GET", path: "/readyz", key: "-"}).is(503)
		if broken.get("parts.0.ready") != false || broken.text("parts.0.detail") == "" {
			t.Errorf("without a database: %s", broken.raw)
		}
	})
}

func TestMetrics(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann", object{"type": "PHONE", "value": "+77010000001"})
		w.call("GET", "/v1/persons/"+id+"?x=+77010000001", nil).is(422)
		text := string(w.do(request{method: "GET", path: "/metrics", key: "-"}).is(200).raw)
		for _, want := range []string{
			`idem_http_requests_total{method="POST",route="/v1/persons",status="201"} 1`,
			`idem_http_requests_total{method="GET",route="/v1/persons/{person_id}",status="422"} 1`,
			"idem_ready 1", "idem_build_info{",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
		for _, never := range []string{id, "77010000001", string(w.org.OrgID)} {
			if strings.Contains(text, never) {
				t.Errorf("%s in the metrics", never)
			}
		}
	})
}

func TestLogHoldsNothingPersonal(t *testing.T) {
	each(t, func(w *world) {
		id := w.createPerson("ann", object{"type": "PHONE", "value": "+77010000001"})
		w.call("POST", "/v1/persons/search", object{"aliases": []object{{"value": "+77010000001"}}}).is(200)
		w.call("GET", "/v1/persons?secret=77010000001", nil).is(422)
		w.call("POST", "/v1/persons", `{"image":"+77010000001`).is(400)
		log := w.log.String()
		for _, want := range []string{"method=POST", "route=/v1/persons/search", "status=200", "request_id=", "organisation=" + string(w.org.OrgID), "duration="} {
			if !strings.Contains(log, want) {
				t.Errorf("no %s in the log", want)
			}
		}
		for _, never := range []string{"77010000001", w.key, id, "secret="} {
			if strings.Contains(log, never) {
				t.Errorf("%s in the log:\n%s", never, log)
			}
		}
	})
}

func TestRequestIDAndHeaders(t *testing.T) {
	each(t, func(w *world) {
		with := func(id string) *reply {
			return w.do(request{method: "GET", path: "/v1/organisation", header: map[string]string{"X-Request-Id": id}}).is(200)
		}
		if got := with("abc.DEF-1_2").header.Get("X-Request-Id"); got != "abc.DEF-1_2" {
			t.Errorf("echoed %q", got)
		}
		for _, bad := range []string{"", "a b", strings.Repeat("x", 129), `"><script>`} {
			if got := with(bad).header.Get("X-Request-Id"); got == bad || len(got) != 36 {
				t.Errorf("%q became %q", bad, got)
			}
		}
		h := with("x").header
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
			"Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
			if h.Get(name) != want {
				t.Errorf("%s: %q", name, h.Get(name))
			}
		}
	})
}

// panicking is an engine that breaks.
type panicking struct{ facetest.Fake }

func (panicking) Ready() error { panic("phone +77010000001") }

func TestPanic(t *testing.T) {
	eachWith(t, options{engine: panicking{}}, func(w *world) {
		w.call("POST", "/v1/identify", object{"image": b64(portrait("ann", 0))}).is(500, "INTERNAL")
		if log := w.log.String(); !strings.Contains(log, "msg=panic") || strings.Contains(log, "77010000001") {
			t.Errorf("log: %s", log)
		}
		w.call("GET", "/v1/persons", nil).is(200)
	})
}

// blocking is an engine that tells when it has work and does it when let.
type blocking struct {
	facetest.Fake
	working chan struct{}
	open    chan struct{}
}

func newBlocking() blocking {
	return blocking{working: make(chan struct{}), open: make(chan struct{})}
}

func (b blocking) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	select {
	case b.working <- struct{}{}:
		<-b.open
	case <-b.open:
	}
	return b.Fake.Analyse(ctx, img, want)
}

func TestLoadIsShed(t *testing.T) {
	eachEngine(t, httpapi.Limits{Biometric: 2}, func(w *world, engine blocking) {
		body := object{"image": b64(portrait("ann", 0))}
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() { w.call("POST", "/v1/identify", body).is(200) })
			<-engine.working
		}
		if got := w.call("POST", "/v1/identify", body).is(429, "RATE_LIMITED"); got.header.Get("Retry-After") != "1" {
			w.t.Errorf("headers: %v", got.header)
		}
		dialect := w.do(request{method: "POST", path: "/api/v1/backend/persons/", key: "-", body: object{
			"api_key": w.org.APIKey, "image_b64": b64(portrait("bob", 0)), "photo_type": "other", "is_verified": false}}).is(429)
		if dialect.text("error.code") != "RATE_LIMITED" {
			w.t.Errorf("the dialect: %s", dialect.raw)
		}
		w.call("GET", "/v1/persons", nil).is(200) // what needs no pictures goes on
		close(engine.open)
		all.Wait()
		w.call("POST", "/v1/identify", body).is(200)
	})
}

func TestBodyMemoryIsBounded(t *testing.T) {
	eachEngine(t, httpapi.Limits{BodyMemory: 5 << 18}, func(w *world, engine blocking) {
		var one sync.WaitGroup
		one.Go(func() { // its announced length is unknown: it counts as it comes in
			body := io.MultiReader(strings.NewReader(`{"image":"`+b64(portrait("ann", 0))+`"`), strings.NewReader(strings.Repeat(" ", 2<<20)), strings.NewReader("}"))
			w.do(request{method: "POST", path: "/v1/identify", body: body}).is(200)
		})
		<-engine.working
		large := `{"image":"` + strings.Repeat("A", 2<<20) + `"}`
		w.call("POST", "/v1/identify", large).is(429, "RATE_LIMITED")
		w.do(request{method: "POST", path: "/v1/identify", body: io.MultiReader(strings.NewReader(large))}).is(429, "RATE_LIMITED")
		dialect := w.do(request{method: "POST", path: "/api/v1/backend/persons/", body: strings.Repeat(" ", 100<<10)}).is(429)
		if dialect.text("error.code") != "RATE_LIMITED" || dialect.header.Get("Retry-After") == "" {
			w.t.Errorf("the dialect refuses in another shape: %v %s", dialect.header, dialect.raw)
		}
		close(engine.open)
		one.Wait()
		w.call("POST", "/v1/identify", `{"image":"`+strings.Repeat("A", 1<<20)+`"}`).is(415, "IMAGE_TYPE_UNSUPPORTED")
	})
}

// eachEngine is eachWith with a blocking engine per database.
func eachEngine(t *testing.T, l httpapi.Limits, f func(*world, blocking)) {
	t.Helper()
	sealer := storetest.Sealer()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		engine := newBlocking()
		f(newWorld(t, s, sealer, options{engine: engine, limits: l}), engine)
	}, storetest.WithSealer(sealer))
}

// stuck is an engine that never answers.
type stuck struct{ facetest.Fake }

func (stuck) Analyse(ctx context.Context, _ image.Image, _ face.Want) (face.Analysis, error) {
	<-ctx.Done()
	return face.Analysis{}, ctx.Err()
}

// TestWorkEndsInTime: what does not answer, an engine here and a database
// elsewhere, holds a request no longer than its limit.
func TestWorkEndsInTime(t *testing.T) {
	sealer := storetest.Sealer()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		w := newWorld(t, s, sealer, options{engine: stuck{}, limits: httpapi.Limits{ChangeWork: 300 * time.Millisecond}})
		w.call("POST", "/v1/identify", object{"image": b64(portrait("ann", 0))}).is(503, "TIMEOUT")
		got := w.do(request{method: "POST", path: "/api/v1/backend/persons/", key: "-", body: object{
			"api_key": w.org.APIKey, "image_b64": b64(portrait("bob", 0)), "photo_type": "other", "is_verified": false}}).is(503)
		if got.text("error.code") != "TIMEOUT" {
			t.Errorf("the dialect: %s", got.raw)
		}
	}, storetest.WithSealer(sealer))
}

func TestPersonsDialectIsMounted(t *testing.T) {
	each(t, func(w *world) {
		as := func(key, path string) *reply {
			return w.do(request{method: "GET", path: path, key: "-", header: map[string]string{"X-API-Key": key}})
		}
		as(w.org.APIKey, "/api/v1/backend/persons/").is(200)
		if got := as(w.key, "/api/v1/backend/persons/").is(401); got.text("error.code") != "API_KEY_INVALID" {
			t.Errorf("a secret key: %s", got.raw)
		}
		id := w.createPerson("ann")
		if got := as(w.org.APIKey, "/api/v1/backend/persons/"+id+"/").is(200); got.text("person_id") != id {
			t.Errorf("person: %s", got.raw)
		}
		if log := w.log.String(); !strings.Contains(log, "route=/api/v1/backend/persons/{person_id}/") {
			t.Errorf("log: %s", log)
		}
	})
}

func TestServeFinishesRequests(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	entered, leave := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		io.WriteString(w, "done")
	})
	ended := make(chan error, 1)
	go func() { ended <- httpapi.Serve(ctx, l, h, httpapi.TLSFiles{}) }()
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	<-entered
	stop()
	close(leave)
	if got := <-answer; got != "done" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	if _, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
		t.Error("the listener is open")
	}
}

func TestServeTLS(t *testing.T) {
	files, pool := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- httpapi.Serve(ctx, l, httpapi.New(httpapi.Deps{Version: "test"}), files) }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	res, err := (&http.Client{Transport: transport}).Get("https://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	transport.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// certificate makes a certificate of the loopback address in files.
func certificate(t *testing.T) (httpapi.TLSFiles, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := httpapi.TLSFiles{Cert: filepath.Join(t.TempDir(), "cert.pem"), Key: filepath.Join(t.TempDir(), "key.pem")}
	write := func(name, kind string, data []byte) {
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(files.Cert, "CERTIFICATE", der)
	write(files.Key, "PRIVATE KEY", rawKey)
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return files, pool
}
