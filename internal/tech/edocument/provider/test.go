package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"time"

	"github.com/idem-id/idem"
)

// TestCode is the code that the test provider takes, TestUnknown the personal
// number that it does not know, TestRefuses the one of a holder who refuses,
// and TestOutage the one for which it does not answer.
const (
	TestCode    = "123456"
	TestUnknown = "000000000000"
	TestRefuses = "000000000001"
	TestOutage  = "000000000002"
)

// testProvider answers from what it is asked, the same each time. It sends no
// code and proves nothing.
type testProvider struct{ name string }

// NewTest returns the provider of fixed answers.
func NewTest(name string) Provider { return testProvider{name} }

func (t testProvider) Name() string { return t.name }

// Start keeps the request in the session itself.
func (t testProvider) Start(_ context.Context, r Request) (Session, error) {
	switch r.PersonalNumber {
	case TestUnknown, "":
		return Session{}, ErrHolder
	case TestOutage:
		return Session{}, ErrUnavailable.Because(ErrUnsent)
	}
	id, err := json.Marshal(r)
	return Session{ID: string(id), Valid: 2 * time.Minute}, err
}

func (t testProvider) Approve(_ context.Context, session, code string) (Record, error) {
	var r Request
	if err := json.Unmarshal([]byte(session), &r); err != nil {
		return Record{}, ErrSession.Because(err)
	}
	switch {
	case code != TestCode:
		return Record{}, ErrCode
	case r.PersonalNumber == TestRefuses:
		return Record{Refused: true}, nil
	}
	return Record{
		PersonalNumber: r.PersonalNumber, Phone: r.Phone, DocumentType: "ID", DocumentNumber: "T" + r.PersonalNumber,
		Surname: "SPECIMEN", Given: "ANNA", Birth: idem.Date{Year: 1990, Month: 1, Day: 2}, Sex: idem.Female,
		Nationality: "UTO", Issuer: "UTO", Authority: "Test provider",
		Issued: idem.Date{Year: 2024, Month: 3, Day: 4}, Expiry: idem.Date{Year: 2034, Month: 3, Day: 3}, Portrait: drawnPortrait(),
	}, nil
}

// drawnPortrait is a drawing of 180 x 240 pixels, no person.
func drawnPortrait() []byte {
	img := image.NewGray(image.Rect(0, 0, 180, 240))
	for y := range 240 {
		for x := range 180 {
			dx, dy := (x-90)*(x-90), (y-110)*(y-110)
			img.SetGray(x, y, color.Gray{uint8(220 - 90*min(1, 4900/(dx+dy/2+1)))})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}
