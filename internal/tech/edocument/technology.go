package edocument

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/emrtd"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// The refusals of files that hold no evidence.
var (
	ErrMalformed = idem.Errorf(idem.Unprocessable, "CHIP_FILE_MALFORMED", "a chip file is not what its name says")
	ErrUnknown   = idem.Errorf(idem.Unprocessable, "CHIP_FILE_UNKNOWN", "files are named EF.SOD, EF.DG1 to EF.DG16, AA.RESPONSE, DeviceResponse or IssuerSigned")
	ErrTooLarge  = idem.Errorf(idem.TooLarge, "CHIP_FILE_TOO_LARGE", "a chip file is too large")
	ErrPortrait  = idem.Errorf(idem.Unprocessable, "PORTRAIT_UNDECODABLE", "the portrait of the document is damaged")
	ErrChallenge = idem.Errorf(idem.Unprocessable, "CHALLENGE_MISSING", "an answer of the chip needs the challenge that it answers")
	ErrTrust     = idem.Errorf(idem.Unavailable, "TRUST_STORE_UNAVAILABLE", "the trust store cannot be read")
)

// The names of files beside those of the chip.
const (
	ActiveResponse = "AA.RESPONSE"    // the chip's answer to a challenge
	DeviceResponse = "DeviceResponse" // ISO/IEC 18013-5
	IssuerSigned   = "IssuerSigned"   // a part of it
)

// Deps is what the technology works with.
type Deps struct {
	Travel    *trust.Store // roots of travel documents (CSCA)
	Mobile    *trust.Store // roots of mobile documents (IACA)
	Decoder   *picture.Decoder
	Providers provider.Set
	Policy    Policy
}

// Technology implements tech.Technology and tech.Challenger.
type Technology struct{ Deps }

// New returns the technology.
func New(d Deps) *Technology { return &Technology{d} }

// Code returns ED.
func (t *Technology) Code() idem.TechCode { return idem.TechEDocument }

// Ready returns nil: without roots the technology works and trusts nobody.
func (t *Technology) Ready() error { return nil }

// challengeTime is how long a chip may take to be read with a challenge.
const challengeTime = 5 * time.Minute

// Challenge draws the eight bytes that a chip is to sign. Shown is the
// challenge itself, base64 in JSON.
func (t *Technology) Challenge(context.Context) (tech.Challenge, error) {
	challenge := make([]byte, emrtd.ChallengeSize)
	if _, err := rand.Read(challenge); err != nil {
		return tech.Challenge{}, err
	}
	return tech.Challenge{Shown: challenge, Memo: challenge, Valid: challengeTime}, nil
}

// Run checks the files of a chip (EF.SOD with its data groups and, to prove
// the chip, AA.RESPONSE) or a mobile document. Evidence that answers a challenge
// without AA.RESPONSE is refused with EVIDENCE_MISSING: a copied chip would leave
// it out. The details are a *Result; the face is the decoded portrait.
func (t *Technology) Run(ctx context.Context, in tech.Evidence) (tech.Outcome, error) {
	if in.Now.IsZero() {
		in.Now = time.Now()
	}
	if in.Challenge != nil && in.Files[ActiveResponse] == nil {
		return tech.Outcome{}, tech.ErrEvidenceMissing.At("files").Because(fmt.Errorf("%s: %w", ActiveResponse, emrtd.ErrMissing))
	}
	var j *judgement
	var err error
	switch {
	case in.Files[DeviceResponse] != nil || in.Files[IssuerSigned] != nil:
		j, err = t.runMobile(in)
	default:
		j, err = t.runChip(in)
	}
	if err != nil {
		return tech.Outcome{}, err
	}
	return t.finish(ctx, j)
}

// finish applies the policy and decodes the portrait of what passed.
func (t *Technology) finish(ctx context.Context, j *judgement) (tech.Outcome, error) {
	if len(j.reasons) == 0 {
		j.reasons = t.Policy.Judge(j.Result)
	}
	if err := t.decodePortrait(ctx, j); err != nil {
		return tech.Outcome{}, err
	}
	return j.outcome(), nil
}

// judgement gathers what a run finds.
type judgement struct {
	*Result
	now      time.Time
	reasons  []tech.Reason
	warnings []tech.Reason
}

func (j *judgement) fail(r tech.Reason) { j.reasons = append(j.reasons, r) }

func (j *judgement) warn(r tech.Reason) { j.warnings = append(j.warnings, r) }

func (j *judgement) outcome() tech.Outcome {
	out := tech.Outcome{Technology: idem.TechEDocument, Passed: len(j.reasons) == 0, Reasons: j.reasons, Warnings: j.warnings, Details: j.Result}
	if j.Portrait != nil {
		out.Face = j.Portrait.Image
		if j.Portrait.Type == "image/jpeg" {
			out.JPEG = j.Portrait.Data // as its issuer signed it
		}
	}
	return out
}

// roots reads a trust store.
func roots(s *trust.Store) (*trust.Set, error) {
	set, err := s.Set()
	if err != nil {
		return nil, ErrTrust.Because(err)
	}
	return set, nil
}

// decodePortrait decodes the portrait of a document that passed. Every chip
// holds one; what comes another way is complete without. A format
// that this build has no decoder for is kept as it came.
func (t *Technology) decodePortrait(ctx context.Context, j *judgement) error {
	if j.Portrait == nil || len(j.reasons) > 0 {
		return nil
	}
	p, err := t.Decoder.Portrait(ctx, j.Portrait.Data)
	switch {
	case err == nil:
		j.Portrait.Image = p.Image
	case errors.Is(err, picture.ErrUnsupported):
		j.warn(PortraitUnsupported)
	case ctx.Err() != nil:
		return ctx.Err()
	case idem.KindOf(err) == idem.Unavailable:
		return err
	case j.Kind != FromChip:
		j.warn(PortraitUndecodable)
	default:
		return ErrPortrait.Because(err)
	}
	return nil
}
