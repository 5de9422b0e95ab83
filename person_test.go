package idem_test

import (
	"errors"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestPersonStates(t *testing.T) {
	p := idem.Person{Version: 1}
	if changed, err := p.SetVerified(true, noon); !changed || err != nil {
		t.Fatalf("first SetVerified: %v, %v", changed, err)
	}
	if changed, _ := p.SetVerified(true, noon); changed {
		t.Error("setting the same flag again counts as a change")
	}
	if err := p.Restore(noon); !errors.Is(err, idem.ErrPersonNotDeleted) {
		t.Errorf("restoring a live person: %v", err)
	}
	if err := p.Delete(noon); err != nil || p.Live() {
		t.Fatalf("Delete: %v, live %v", err, p.Live())
	}
	if err := p.Delete(noon); !errors.Is(err, idem.ErrPersonDeleted) {
		t.Errorf("deleting twice: %v", err)
	}
	if _, err := p.SetVerified(false, noon); !errors.Is(err, idem.ErrPersonDeleted) {
		t.Errorf("changing a deleted person: %v", err)
	}
	if err := p.Restore(noon); err != nil || !p.Live() {
		t.Fatalf("Restore: %v", err)
	}
	if err := p.Erase(noon); err != nil || p.Live() {
		t.Fatalf("Erase: %v", err)
	}
	for name, err := range map[string]error{"erase": p.Erase(noon), "restore": p.Restore(noon), "touch": p.Touch(noon)} {
		if !errors.Is(err, idem.ErrPersonErased) {
			t.Errorf("%s after an erasure: %v", name, err)
		}
	}
	if p.Version != 5 {
		t.Errorf("four changes lead to version 5, got %d", p.Version)
	}
}

func TestNormalise(t *testing.T) {
	s := idem.DefaultSettings()
	kz := s
	kz.Country = "KZ"
	for _, c := range []struct {
		settings idem.Settings
		kind     idem.AliasType
		in, want string
	}{
		{s, idem.AliasPhone, "8 (701) 123-45-67", "+77011234567"},
		{s, idem.AliasPhone, "+7 701 123 45 67", "+77011234567"},
		{s, idem.AliasPhone, "77011234567", "+77011234567"},
		{s, idem.AliasPhone, "7011234567", "+77011234567"},
		{s, idem.AliasPhone, "0049 30 901820", "+4930901820"},
		{s, idem.AliasPhone, "12345", ""},
		{s, idem.AliasPhone, "+1234567890123456", ""},
		{s, idem.AliasPhone, "call me", ""},
		{s, idem.AliasPersonalNumber, " 0012-34 ab ", "001234AB"},
		{kz, idem.AliasPersonalNumber, "ab-12", "AB12"},
		{s, idem.AliasDocumentNumber, "n 1234-567", "N1234567"},
		{s, idem.AliasDocumentNumber, " - ", ""},
		{s, idem.AliasCustom, " Client-Ä 7 ", "Client-Ä 7"},
		{s, idem.AliasCustom, "ﬁ", "fi"},
		{s, idem.AliasCustom, "a\x00b", ""},
		{s, idem.AliasCustom, "\xff", ""},
		{s, idem.AliasSystemID, "0199AF00-0000-7000-8000-00000000000A", "0199af00-0000-7000-8000-00000000000a"},
		{s, idem.AliasSystemID, "not-a-uuid", ""},
	} {
		got, err := c.settings.Normalise(c.kind, c.in)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("Normalise(%s, %q) = %q, %v; want %q", c.kind, c.in, got, err, c.want)
		}
	}
}

func TestIINCheckDigit(t *testing.T) {
	kz := idem.DefaultSettings()
	kz.Country = "KZ"
	digits := []byte("90010130012")
	valid := 0
	for d := byte('0'); d <= '9'; d++ {
		iin := string(append(digits, d))
		if idem.ValidIIN(iin) {
			valid++
		}
		_, err := kz.Normalise(idem.AliasPersonalNumber, iin)
		if (err == nil) != idem.ValidIIN(iin) {
			t.Errorf("Normalise and ValidIIN disagree on %s", iin)
		}
	}
	if valid != 1 {
		t.Errorf("%d check digits are valid, want exactly one", valid)
	}
	if idem.ValidIIN("1234") || idem.ValidIIN("90010130012x") {
		t.Error("a malformed number passes")
	}
}

func TestNormaliseIsIdempotent(t *testing.T) {
	kinds := []idem.AliasType{idem.AliasPhone, idem.AliasPersonalNumber, idem.AliasDocumentNumber, idem.AliasCustom}
	rapid.Check(t, func(t *rapid.T) {
		s := idem.DefaultSettings()
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		once, err := s.Normalise(kind, rapid.String().Draw(t, "value"))
		if err != nil {
			return
		}
		twice, err := s.Normalise(kind, once)
		if err != nil || twice != once {
			t.Fatalf("%s: %q becomes %q (%v)", kind, once, twice, err)
		}
	})
}

func TestMaskHidesShortValuesWholly(t *testing.T) {
	for in, want := range map[string]string{"": "", "12345678": "********", "123456789": "*****6789"} {
		if got := idem.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestDefaultPhotoAlwaysExists plays random additions, removals and manual
// choices: a person with photos has exactly one default at every moment, and an
// addition moves it only to a strictly better type.
func TestDefaultPhotoAlwaysExists(t *testing.T) {
	types := []idem.PhotoType{idem.PhotoDigital, idem.PhotoScan, idem.PhotoLive, idem.PhotoOther}
	rapid.Check(t, func(t *rapid.T) {
		var photos []idem.Photo
		choose := func(id idem.PhotoID) {
			count := 0
			for i := range photos {
				photos[i].Default = photos[i].ID == id
				if photos[i].Default {
					count++
				}
			}
			if count != 1 {
				t.Fatalf("%d defaults among %d photos", count, len(photos))
			}
		}
		for step := range rapid.IntRange(1, 30).Draw(t, "steps") {
			if len(photos) > 0 && rapid.Bool().Draw(t, "remove") {
				gone := rapid.SampledFrom(photos).Draw(t, "gone")
				id, err := idem.DefaultAfterRemoving(photos, gone.ID)
				if err != nil {
					if len(photos) != 1 || !errors.Is(err, idem.ErrLastDefaultPhoto) {
						t.Fatalf("removing one of %d: %v", len(photos), err)
					}
					continue
				}
				if !gone.Default && id == gone.ID {
					t.Fatal("the removed photo became the default")
				}
				photos = without(photos, gone.ID)
				choose(id)
				continue
			}
			added := idem.Photo{
				ID:        idem.PhotoID(string(rune('a' + step))),
				Type:      rapid.SampledFrom(types).Draw(t, "type"),
				CreatedAt: noon.Add(time.Duration(step) * time.Second),
			}
			best := 5
			for _, p := range photos {
				best = min(best, p.Type.Priority())
			}
			id := idem.DefaultAfterAdding(photos, []idem.Photo{added})
			if (id == added.ID) != (added.Type.Priority() < best) {
				t.Fatalf("newcomer %s among best priority %d: default is %s", added.Type, best, id)
			}
			photos = append(photos, added)
			choose(id)
		}
	})
}

func without(photos []idem.Photo, id idem.PhotoID) []idem.Photo {
	var out []idem.Photo
	for _, p := range photos {
		if p.ID != id {
			out = append(out, p)
		}
	}
	return out
}

func TestSubscriptionsSettleAndSpend(t *testing.T) {
	subs := []idem.Subscription{
		{ID: "a", Status: idem.SubscriptionActive, Total: 1, Left: 1},
		{ID: "b", Status: idem.SubscriptionFuture, Total: 2, Left: 2},
		{ID: "c", Status: idem.SubscriptionFuture, Total: idem.Unlimited, Left: idem.Unlimited, EndsAt: noon.Add(-time.Hour)},
	}
	for _, want := range []idem.SubscriptionID{"a", "b", "b"} {
		idem.Settle(subs, noon)
		spent, err := idem.Spend(subs, noon)
		if err != nil || spent.ID != want {
			t.Fatalf("spent %v, %v; want %s", spent, err, want)
		}
	}
	idem.Settle(subs, noon)
	if _, err := idem.Spend(subs, noon); !errors.Is(err, idem.ErrSubscriptionLimit) {
		t.Errorf("everything used up: %v", err)
	}
	if subs[2].Status != idem.SubscriptionExpired {
		t.Errorf("a future subscription past its end is %s", subs[2].Status)
	}
	if _, err := idem.Spend(nil, noon); !errors.Is(err, idem.ErrSubscriptionRequired) {
		t.Errorf("no subscription at all: %v", err)
	}
}

func TestEntryArrows(t *testing.T) {
	ops := []idem.LogOp{idem.OpReserve, idem.OpActivate, idem.OpWithdraw, idem.OpMove, idem.OpRemove}
	allowed := map[idem.EntryState][]idem.LogOp{
		"":                  {idem.OpReserve},
		idem.EntryPending:   {idem.OpActivate, idem.OpWithdraw},
		idem.EntryActive:    {idem.OpMove, idem.OpRemove},
		idem.EntryWithdrawn: nil,
	}
	for state, want := range allowed {
		for _, op := range ops {
			_, ok := state.Next(op)
			expected := false
			for _, w := range want {
				expected = expected || w == op
			}
			if ok != expected {
				t.Errorf("%q on %s: %v", op, state, ok)
			}
		}
	}
}

func TestErrorsCompareByCode(t *testing.T) {
	detailed := idem.ErrAliasConflict.At("aliases[0]").With("conflicts", 1).Because(errors.New("row 7"))
	if !errors.Is(detailed, idem.ErrAliasConflict) || errors.Is(detailed, idem.ErrAliasDuplicate) {
		t.Error("errors.Is does not go by code")
	}
	if idem.ErrAliasConflict.Field != "" || idem.ErrAliasConflict.Details != nil {
		t.Error("a shared refusal was changed in place")
	}
	if idem.KindOf(errors.New("x")) != idem.Internal || idem.CodeOf(detailed) != "ALIAS_CONFLICT" {
		t.Error("classification is wrong")
	}
}

func TestSettingsValidate(t *testing.T) {
	if err := idem.DefaultSettings().Validate(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for field, spoil := range map[string]func(*idem.Settings){
		"face_uniqueness": func(s *idem.Settings) { s.FaceUniqueness = "maybe" },
		"duplicate_fmr":   func(s *idem.Settings) { s.DuplicateFMR = 1e-9 },
		"similar_fmr":     func(s *idem.Settings) { s.SimilarFMR = 1e-6; s.DuplicateFMR = 1e-5 },
		"match_fmr":       func(s *idem.Settings) { s.MatchFMR = 0.5 },
		"country":         func(s *idem.Settings) { s.Country = "kaz" },
		"phone_prefix":    func(s *idem.Settings) { s.PhonePrefix = "+7" },
		"max_photos":      func(s *idem.Settings) { s.MaxPhotos = 0 },
	} {
		s := idem.DefaultSettings()
		spoil(&s)
		var e *idem.Error
		if err := s.Validate(); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
