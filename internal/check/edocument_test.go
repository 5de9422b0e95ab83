package check_test

import (
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// TestEDOC_9_ReplayedChallenge: the chip's answer serves once; shown again, or
// for another challenge, it proves nothing.
func TestEDOC_9_ReplayedChallenge(t *testing.T) {
	issuer := edoctest.New(t, edoctest.P256())
	roots := trust.Open(t.TempDir())
	if _, err := roots.Import(issuer.Root); err != nil {
		t.Fatal(err)
	}
	ed := edocument.New(edocument.Deps{Travel: roots, Mobile: roots, Decoder: picture.NewDecoder(picture.DefaultLimits(), nil)})
	key, err := edoctest.P256().NewKey()
	if err != nil {
		t.Fatal(err)
	}
	groups := edoctest.Groups(edoctest.Passport(), edoctest.Portrait())
	groups[14], groups[15] = edoctest.DG14(), edoctest.DG15(edoctest.P256(), key)
	files := issuer.Chip(groups)

	storetest.Each(t, func(t *testing.T, s store.Store) {
		me := idem.Principal{Org: storetest.NewOrganisation(t, s), Permissions: idem.AllPermissions()}
		checks := check.New(check.Deps{Store: s, Technologies: []tech.Technology{ed}, IDs: idem.UUIDv7{}})
		err := s.Update(t.Context(), me.Org, func(tx store.Tx) error {
			return tx.Subscriptions().Insert(t.Context(), idem.Subscription{ID: idem.SubscriptionID(idem.UUIDv7{}.New()),
				Technology: idem.TechEDocument, Status: idem.SubscriptionActive, Total: 9, Left: 9, PurchasedAt: tx.Now()})
		})
		if err != nil {
			t.Fatal(err)
		}
		row, asked, err := checks.Challenge(t.Context(), me, idem.TechEDocument)
		if err != nil {
			t.Fatal(err)
		}
		files[edocument.ActiveResponse] = edoctest.Answer(key, asked.Memo)
		done, err := checks.Respond(t.Context(), me, row.ID, idem.TechEDocument, tech.Evidence{Files: files})
		if err != nil || !done.Outcome.Passed || done.Outcome.Details.(*edocument.Result).Chip != edocument.AuthenticationActive {
			t.Fatalf("%v, %v", done.Outcome.Reasons, err)
		}
		if _, err := checks.Respond(t.Context(), me, row.ID, idem.TechEDocument, tech.Evidence{Files: files}); idem.CodeOf(err) != idem.ErrCheckEnded.Code {
			t.Errorf("the same challenge again: %v", err)
		}
		next, _, err := checks.Challenge(t.Context(), me, idem.TechEDocument)
		if err != nil {
			t.Fatal(err)
		}
		done, err = checks.Respond(t.Context(), me, next.ID, idem.TechEDocument, tech.Evidence{Files: files})
		if err != nil || done.Outcome.Passed {
			t.Errorf("an old answer to a new challenge: %v, %v", done.Outcome.Reasons, err)
		}
	})
}
