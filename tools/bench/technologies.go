package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// against runs whole and bare in turns and returns the medians of their
// processor time.
func against(rounds int, whole, bare func() error) (w, b time.Duration, err error) {
	var times [2][]time.Duration
	for range rounds {
		for i, part := range []func() error{whole, bare} {
			from := cpu()
			if err := part(); err != nil {
				return 0, 0, err
			}
			times[i] = append(times[i], cpu()-from)
		}
	}
	return median(times[0]), median(times[1]), nil
}

// documentPictures is how many pictures of each size of document are read.
const documentPictures = 3

// documentCost measures the recognition of photographs of documents, portrait
// apart, against the networks that it runs.
func documentCost(ctx context.Context, b *bench) ([]row, error) {
	fonts, err := specimen.LoadFonts(specimen.FontFolder)
	if err != nil {
		return nil, err
	}
	text := ocr.Open(b.models, ocr.Options{Workers: 1})
	defer func() { _ = text.Close() }()
	if err := text.Ready(); err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range []struct {
		what, goal string
		zoneOnly   bool
	}{{"zone alone", "≤ 0.95 s", true}, {"with visual zone", "≤ 1.5 s", false}} {
		d := document.New(text, face.None{Reason: "not measured"}, document.Options{Specimen: true, ZoneOnly: c.zoneOnly})
		whole, bare, err := documentsCost(ctx, fonts, d, text)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{"document, 1600 x 1200, level L2, CPU, " + c.what, figureOf(whole, bare, "networks"), c.goal})
	}
	return rows, nil
}

// documentsCost returns medians over passports and cards.
func documentsCost(ctx context.Context, f *specimen.Fonts, d *document.Technology, text *ocr.Engine) (whole, bare time.Duration, err error) {
	var wholes, bares []time.Duration
	for i := range documentPictures {
		for _, kind := range []specimen.Kind{specimen.TD3, specimen.TD1} {
			img, err := photograph(f, specimen.Order{Kind: kind, Level: "L2", Seed: 4242, Index: i})
			if err != nil {
				return 0, 0, err
			}
			run := func() error {
				_, err := d.Run(ctx, tech.Evidence{Pages: []image.Image{img}})
				return err
			}
			tape, err := text.Record(run)
			if err != nil {
				return 0, 0, err
			}
			w, b, err := against(3, run, tape.Play)
			if err != nil {
				return 0, 0, err
			}
			wholes, bares = append(wholes, w), append(bares, b)
		}
	}
	return median(wholes), median(bares), nil
}

func photograph(f *specimen.Fonts, o specimen.Order) (image.Image, error) {
	p, err := specimen.Take(f, o)
	if err != nil {
		return nil, err
	}
	return jpeg.Decode(bytes.NewReader(p.JPEG))
}

func figureOf(whole, bare time.Duration, what string) string {
	return fmt.Sprintf("%.2f ms = %.2fx (%s %.2f ms)", float64(whole)/1e6, float64(whole)/float64(bare), what, float64(bare)/1e6)
}

// livenessCost measures passive decisions over frames of 720 pixels against the
// bare networks of as many pictures.
func livenessCost(ctx context.Context, b *bench) ([]row, error) {
	portraits, err := b.portraits(ctx)
	if err != nil {
		return nil, err
	}
	photo, err := enlarged(portraits[0], 720)
	if err != nil {
		return nil, err
	}
	e, err := b.engine(1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	still, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	passive := liveness.New(e, time.Now)[0]
	var rows []row
	for _, n := range []int{1, 5, 20} {
		frames := moments(still, n)
		var costs []time.Duration
		for range 5 {
			from := cpu()
			if _, err := passive.Run(ctx, tech.Evidence{Frames: frames}); err != nil {
				return nil, err
			}
			costs = append(costs, cpu()-from)
		}
		bare, err := e.Measure(ctx, photo, decode, face.Everything, 15)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{fmt.Sprintf("liveness decision CPU, frames: %d", n), figureOf(median(costs), time.Duration(n)*bare.Networks, "networks"), "≤ 1.2x"})
	}
	return rows, nil
}

// moments are n pictures of one scene that differ in a corner: a picture that
// comes again is not analysed again.
func moments(still image.Image, n int) []tech.Frame {
	frames := make([]tech.Frame, n)
	for i := range frames {
		b := still.Bounds()
		img := image.NewRGBA(b)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				img.Set(x, y, still.At(x, y))
			}
		}
		img.Pix[0] = uint8(10 * i)
		frames[i] = tech.Frame{Image: img, At: time.Duration(i) * 100 * time.Millisecond}
	}
	return frames
}

// measuredAlgorithms are what most passports are signed with.
var measuredAlgorithms = []string{"RSA-SHA256", "RSA-PSS-SHA256", "P-256"}

// signatures is how many passive authentications make one figure.
const signatures = 300

// passiveCost measures the authentication of chips, files to outcome without a
// portrait, against the two signature verifications in it.
func passiveCost(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	var fault error
	for _, a := range edoctest.Algorithms() {
		if !slices.Contains(measuredAlgorithms, a.Name) {
			continue
		}
		testing.Benchmark(func(t *testing.B) { // lends the issuer of the tests what it needs
			if t.N > 1 || fault != nil {
				return
			}
			whole, bare, err := authentications(ctx, t, a, filepath.Join(b.work, "trust-"+a.Name))
			fault = err
			rows = append(rows, row{"passive authentication CPU, " + a.Name, figureOf(whole/signatures, bare/signatures, "2 signatures"), ""})
		})
	}
	return rows, fault
}

func authentications(ctx context.Context, t *testing.B, a edoctest.Algorithm, folder string) (whole, bare time.Duration, err error) {
	issuer := edoctest.New(t, a)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, 0, err
	}
	store := trust.Open(folder)
	if _, err := store.Import(issuer.Root); err != nil {
		return 0, 0, err
	}
	ed := edocument.New(edocument.Deps{Travel: store, Mobile: store, Decoder: picture.NewDecoder(picture.DefaultLimits(), nil)})
	files := issuer.Chip(map[int][]byte{1: edoctest.DG1(edoctest.Passport())})
	verify, err := verification(a)
	if err != nil {
		return 0, 0, err
	}
	return against(5, func() error {
		for range signatures {
			out, err := ed.Run(ctx, tech.Evidence{Files: files, Now: time.Now()})
			if err != nil || !out.Passed {
				return cmp.Or(err, fmt.Errorf("not passed: %v", out.Reasons))
			}
		}
		return nil
	}, func() error {
		for range 2 * signatures {
			if !verify() {
				return errors.New("a signature does not hold")
			}
		}
		return nil
	})
}

// verification returns the bare check of one signature.
func verification(a edoctest.Algorithm) (func() bool, error) {
	key, err := a.NewKey()
	if err != nil {
		return nil, err
	}
	sum := make([]byte, a.Hash.Size())
	var options crypto.SignerOpts = a.Hash
	if a.PSS {
		options = &rsa.PSSOptions{SaltLength: a.Hash.Size(), Hash: a.Hash}
	}
	signature, err := key.Sign(rand.Reader, sum, options)
	if err != nil {
		return nil, err
	}
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		if a.PSS {
			return func() bool {
				return rsa.VerifyPSS(k, a.Hash, sum, signature, &rsa.PSSOptions{SaltLength: a.Hash.Size()}) == nil
			}, nil
		}
		return func() bool { return rsa.VerifyPKCS1v15(k, a.Hash, sum, signature) == nil }, nil
	case *ecdsa.PublicKey:
		return func() bool { return ecdsa.VerifyASN1(k, sum, signature) }, nil
	}
	return nil, fmt.Errorf("no check for keys of %s", a.Name)
}
