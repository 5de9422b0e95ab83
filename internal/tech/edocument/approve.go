package edocument

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/emrtd"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

// ErrHolder is the refusal of a request that names nobody.
var ErrHolder = idem.Errorf(idem.Invalid, "HOLDER_INVALID", "a personal number has 5 to 32 letters and digits, a phone + and 8 to 15 digits")

var (
	personalNumber = regexp.MustCompile(`^[0-9A-Z]{5,32}$`)
	phoneNumber    = regexp.MustCompile(`^\+[0-9]{8,15}$`)
	approvalCode   = regexp.MustCompile(`^[0-9A-Za-z]{1,16}$`)
)

// pending is what the memo of a started request holds.
type pending struct {
	Provider string           `json:"provider"`
	Session  string           `json:"session"`
	Request  provider.Request `json:"request"`
}

// ProviderNames lists the providers that Begin can ask.
func (t *Technology) ProviderNames() []string {
	names := make([]string, len(t.Providers))
	for i, p := range t.Providers {
		names[i] = p.Name()
	}
	return names
}

// Begin asks a provider to send the holder a code; without a name the only
// one there is. The memo goes back to Approve and holds personal data; valid
// is how long the code is waited for. admit is asked when the request is sound,
// and before anything is sent: it holds whoever sends too many codes back.
// Errors are ErrHolder, those of package provider and of admit.
func (t *Technology) Begin(ctx context.Context, name string, r provider.Request, admit func(context.Context) error) (memo []byte, valid time.Duration, err error) {
	if !personalNumber.MatchString(r.PersonalNumber) {
		return nil, 0, ErrHolder.At("personal_number")
	}
	if !phoneNumber.MatchString(r.Phone) {
		return nil, 0, ErrHolder.At("phone")
	}
	p, err := t.Providers.Find(name)
	if err != nil {
		return nil, 0, err
	}
	if err := admit(ctx); err != nil {
		return nil, 0, err
	}
	session, err := p.Start(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	memo, err = json.Marshal(pending{p.Name(), session.ID, r})
	return memo, session.Valid, err
}

// Approve gives the holder's code and judges what the provider tells. The
// details are a *Result of kind FromProvider.
func (t *Technology) Approve(ctx context.Context, memo []byte, code string) (tech.Outcome, error) {
	if !approvalCode.MatchString(code) {
		return tech.Outcome{}, provider.ErrCode.At("code")
	}
	var asked pending
	if err := json.Unmarshal(memo, &asked); err != nil {
		return tech.Outcome{}, provider.ErrSession
	}
	p, err := t.Providers.Find(asked.Provider)
	if err != nil {
		return tech.Outcome{}, err
	}
	record, err := p.Approve(ctx, asked.Session, code)
	if errors.Is(err, provider.ErrCode) {
		err = provider.ErrCode.At("code")
	}
	if err != nil {
		return tech.Outcome{}, err
	}
	j := &judgement{Result: &Result{Kind: FromProvider, Chip: AuthenticationNone, Provider: p.Name()}, now: time.Now()}
	j.readRecord(record, asked.Request)
	return t.finish(ctx, j)
}

// readRecord takes the record of the holder who was asked for.
func (j *judgement) readRecord(r provider.Record, asked provider.Request) {
	switch {
	case r.Refused:
		j.fail(HolderRefused)
	case r.PersonalNumber != asked.PersonalNumber:
		j.fail(PersonalNumberMismatch)
	case r.Phone != asked.Phone:
		j.fail(PhoneMismatch)
	}
	if j.Proven = len(j.reasons) == 0; !j.Proven {
		return
	}
	j.Phone = r.Phone
	j.Document = &Document{
		Type: r.DocumentType, Issuer: r.Issuer, Number: r.DocumentNumber, Surname: r.Surname, Given: r.Given, Patronymic: r.Patronymic,
		Nationality: r.Nationality, Birth: r.Birth, Issued: r.Issued, Expiry: r.Expiry, Sex: r.Sex,
		PersonalNumber: r.PersonalNumber, Authority: r.Authority,
	}
	if expired(r.Expiry, j.now) {
		j.warn(DocumentExpired)
	}
	if r.Portrait == nil {
		j.warn(PortraitMissing)
		return
	}
	j.Portrait = &Portrait{Data: r.Portrait, Type: emrtd.ImageType(r.Portrait)}
}
