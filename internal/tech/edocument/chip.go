package edocument

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/emrtd"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// runChip authenticates the data passively (ICAO 9303-11, 5.1), then reads it,
// then checks the chip's answer when there is one.
func (t *Technology) runChip(in tech.Evidence) (*judgement, error) {
	files := maps.Clone(in.Files)
	delete(files, ActiveResponse)
	chip, err := emrtd.Open(files)
	if err != nil {
		return nil, refuse(err)
	}
	set, err := roots(t.Travel)
	if err != nil {
		return nil, err
	}
	j := &judgement{Result: &Result{Kind: FromChip, Chip: AuthenticationNone}, now: in.Now}
	j.authenticate(chip, set)
	if !j.Proven {
		return j, nil
	}
	if err := j.readChip(chip); err != nil {
		return nil, err
	}
	return j, j.answer(chip, in.Files[ActiveResponse], in.Challenge)
}

// refuse says what is wrong with the files.
func refuse(err error) error {
	for _, c := range []struct {
		fault   error
		refusal error
	}{
		{emrtd.ErrMissing, tech.ErrEvidenceMissing.At("files").Because(err)},
		{emrtd.ErrUnknown, ErrUnknown.At("files").Because(err)},
		{emrtd.ErrTooLarge, ErrTooLarge.At("files").Because(err)},
	} {
		if errors.Is(err, c.fault) {
			return c.refusal
		}
	}
	return ErrMalformed.At("files").Because(err)
}

// authenticate checks digests, signature and chain, the gravest fault first.
func (j *judgement) authenticate(chip *emrtd.Chip, set *trust.Set) {
	var err error
	j.Altered, j.Unlisted, err = chip.CheckDigests()
	if len(j.Altered) > 0 {
		j.fail(DigestMismatch)
	}
	if len(j.Unlisted) > 0 {
		j.fail(GroupUnlisted)
	}
	if err != nil {
		j.fail(UnsupportedAlgorithm)
	}
	signature, err := chip.SOD.Signed.Verify()
	j.Signer, j.SignedAt = signature.Certificate, signature.Time
	switch {
	case errors.Is(err, pki.ErrUnsupported):
		j.fail(UnsupportedAlgorithm)
	case err != nil:
		j.fail(SignatureInvalid)
	default:
		j.chain(set, documentSigner, NotTrusted)
	}
	j.Proven = len(j.reasons) == 0
}

// clockSkew is how far an issuer's clock may be ahead.
const clockSkew = 5 * time.Minute

// role says whether a certificate of those purposes was issued to sign documents
// of a kind.
type role func(purposes []string) bool

// documentSigner allows no purpose: extended key usage marks the other
// certificates below a root, such as those of master lists (ICAO 9303-12, 7.1.1).
func documentSigner(purposes []string) bool { return len(purposes) == 0 }

// licenceSigner demands its own purpose of those that have any (ISO/IEC
// 18013-5, B.1.4).
func licenceSigner(purposes []string) bool {
	return len(purposes) == 0 || slices.Contains(purposes, "1.0.18013.5.1.2")
}

// chain leads the signer to a trusted root.
func (j *judgement) chain(set *trust.Set, fits role, untrusted tech.Reason) {
	root, err := set.Issuer(j.Signer)
	if errors.Is(err, pki.ErrUnsupported) {
		j.fail(UnsupportedAlgorithm)
		return
	}
	if err != nil {
		j.fail(untrusted)
		return
	}
	j.Root = root
	signed := j.SignedAt
	if signed.IsZero() {
		signed = j.now
	}
	if !fits(j.Signer.Purposes) || !j.Signer.ValidAt(signed) || !root.ValidAt(j.Signer.NotBefore) || signed.After(j.now.Add(clockSkew)) {
		j.fail(SignerInvalid)
	}
	if _, revoked := set.Revoked(j.Signer); revoked {
		j.fail(SignerRevoked)
	}
	if !strings.EqualFold(root.Subject.Country, j.Signer.Subject.Country) {
		j.fail(IssuerMismatch)
	}
}

// readChip reads the proven data: the document's state must be its signer's.
func (j *judgement) readChip(chip *emrtd.Chip) error {
	lines, err := chip.MRZ()
	if err != nil {
		return refuse(err)
	}
	zone, err := mrz.Parse(lines, mrz.Options{Now: j.now, Specimen: j.Root.Subject.Country == specimenCountry})
	if err != nil {
		return err
	}
	details, err := chip.Details()
	if err != nil {
		return refuse(err)
	}
	same, known := sameState(j.Signer.Subject.Country, zone.Issuer)
	if known && !same {
		j.Proven = false
		j.fail(IssuerMismatch)
		return nil
	}
	if !known {
		j.warn(IssuerUnknown)
	}
	j.Document = documentOf(zone, details)
	j.doubt(zone)
	return j.takePortrait(chip)
}

// doubt warns of what the issuer signed but should be looked at.
func (j *judgement) doubt(zone *mrz.Zone) {
	if !zone.Valid() {
		j.warn(ZoneIrregular)
	}
	if expired(zone.Expiry, j.now) {
		j.warn(DocumentExpired)
	}
}

func (j *judgement) takePortrait(chip *emrtd.Chip) error {
	data, err := chip.Portrait()
	switch {
	case errors.Is(err, emrtd.ErrMissing):
		j.warn(PortraitMissing)
		return nil
	case err != nil:
		return refuse(err)
	}
	j.Portrait = &Portrait{Data: data, Type: emrtd.ImageType(data)}
	return nil
}

// answer checks active authentication when the chip answered a challenge. Its
// key is proven with the other data groups.
func (j *judgement) answer(chip *emrtd.Chip, response, challenge []byte) error {
	if response == nil || !j.Proven {
		return nil
	}
	if len(challenge) != emrtd.ChallengeSize {
		return ErrChallenge.At("challenge")
	}
	if chip.Groups[15] == nil {
		return tech.ErrEvidenceMissing.At("files").Because(fmt.Errorf("EF.DG15: %w", emrtd.ErrMissing))
	}
	err := chip.VerifyActive(challenge, response)
	switch {
	case err == nil:
		j.Chip = AuthenticationActive
	case errors.Is(err, pki.ErrUnsupported):
		j.fail(UnsupportedAlgorithm)
	case errors.Is(err, pki.ErrSignature):
		j.fail(ActiveFailed)
	default:
		return refuse(err)
	}
	return nil
}
