package document

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/barcode"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// inline runs the worker's body in this process.
type inline struct{}

func (inline) Run(_ context.Context, in io.Reader, limit int) ([]byte, error) {
	var out bytes.Buffer
	err := barcode.Serve(in, &out)
	return out.Bytes()[:min(out.Len(), limit)], err
}

// licenceCode is the PDF417 code of a made-up licence.
func licenceCode(t testing.TB) image.Image {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "barcode", "testdata", "pdf417.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func needPDF417(t testing.TB) {
	t.Helper()
	if !barcode.Offers(barcode.PDF417) {
		t.Skip("built without ZXing: run with the build tag zxing")
	}
}

// licenceBack photographs the back of a licence.
func licenceBack(t testing.TB, level string, seed uint64) image.Image {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	shot, ok := specimen.Level(level, r)
	if !ok {
		t.Fatal(level)
	}
	img, _ := specimen.Photograph(specimen.LicenceBack(licenceCode(t), r), shot, r)
	return img
}

// licensee is who the code names.
func licensee() specimen.Person {
	p := person()
	p.Surname, p.Given, p.Number, p.PersonalNumber = "SAMPLE", "MICHAEL JOHN", "T64235789", ""
	p.Birth, p.Expiry, p.Sex = idem.Date{Year: 1986, Month: 6, Day: 6}, idem.Date{Year: 2030, Month: 12, Day: 10}, idem.Male
	return p
}

func TestDOC_13_LicenceIsReadFromTheCodeOnItsBack(t *testing.T) {
	t.Parallel()
	needPDF417(t)
	d := recogniser(t, false, Options{Codes: barcode.NewReader(inline{})})
	p := licensee()
	back := quarter(licenceBack(t, "L2", 7))
	out, r := run(t, d, back)
	if !out.Passed || r.Kind != DrivingLicence || r.Country != "USA" || len(r.Codes) != 1 || r.Expiry != p.Expiry {
		t.Errorf("%+v, %+v", out, r)
	}
	for n, want := range map[Name]string{DocumentNumber: p.Number, Surname: p.Surname, GivenNames: p.Given, BirthDate: p.Birth.String(), ExpiryDate: p.Expiry.String(), Sex: "M"} {
		if f, _ := r.Field(n); f.Value != want || f.Source != FromBarcode || !f.Agreed {
			t.Errorf("%s is %+v, want %s", n, f, want)
		}
	}
	p.Number = "T64235799"
	p.Expiry.Month, p.Expiry.Day = p.Expiry.Day, p.Expiry.Month // as the front writes them
	out, r = run(t, d, photo(t, card(t, specimen.TD1Front, p, nil).Image), back)
	if f, _ := r.Field(DocumentNumber); f.Agreed || f.Value != "T64235789" || len(f.Others) != 1 || f.Others[0].Value != p.Number || !slices.Contains(out.Warnings, FieldMismatch) {
		t.Errorf("disagreement: %+v, %v", f, out.Warnings)
	}
	for _, n := range []Name{Surname, GivenNames, ExpiryDate} {
		if f, _ := r.Field(n); !f.Agreed || len(f.Others) != 1 || f.Others[0].Source != FromVisual || f.Others[0].Page != 0 {
			t.Errorf("%s was not confirmed by the front: %+v", n, f)
		}
	}
}

func TestDOC_13_CodesOfAnyDirectionAreLocated(t *testing.T) {
	t.Parallel()
	needPDF417(t)
	img := licenceBack(t, "L1", 3)
	for i := range 4 {
		s := &sheet{img: ocr.NewRaster(img)}
		s.quad = s.corners()
		if err := s.readCodes(t.Context(), barcode.NewReader(nil)); err != nil || len(s.codes) != 1 {
			t.Errorf("turned %d times: %+v, %v", i, s.codes, err)
		}
		img = quarter(img)
	}
}

func TestPagesWithoutBarsAreNotRead(t *testing.T) {
	t.Parallel()
	for name, img := range map[string]image.Image{
		"card":  photo(t, card(t, specimen.TD1Front, person(), nil).Image),
		"zone":  passport(t),
		"empty": image.NewGray(image.Rect(0, 0, 600, 400)), "dot": image.NewGray(image.Rect(0, 0, 1, 1)),
	} {
		s := &sheet{img: ocr.NewRaster(img)}
		if q, ok := s.locateBars(); ok {
			t.Errorf("%s: bars at %v", name, q)
		}
	}
}

func TestQRCodeOfAPageIsTold(t *testing.T) {
	m, err := qrcode.NewQRCodeWriter().Encode("https://idem.example/1", gozxing.BarcodeFormat_QR_CODE, 300, 300, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &sheet{img: ocr.NewRaster(m)}
	if err := s.readCodes(t.Context(), barcode.NewReader(nil)); err != nil || len(s.codes) != 1 || s.codes[0].Text != "https://idem.example/1" || s.codes[0].Kind != barcode.QR {
		t.Errorf("%+v, %v", s.codes, err)
	}
}

// broken is a worker that dies over every picture.
type broken struct{}

func (broken) Run(context.Context, io.Reader, int) ([]byte, error) { return nil, io.ErrUnexpectedEOF }

func TestAFaultOfTheReaderIsAPageWithoutCodes(t *testing.T) {
	t.Parallel()
	s := &sheet{img: ocr.NewRaster(licenceCode(t))}
	if err := s.readCodes(t.Context(), barcode.NewReader(broken{})); err != nil || len(s.codes) != 0 {
		t.Errorf("%+v, %v", s.codes, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.readCodes(ctx, barcode.NewReader(broken{})); err == nil {
		t.Error("a cancelled search went on")
	}
}
