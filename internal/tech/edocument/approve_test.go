package edocument_test

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"slices"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

var holder = provider.Request{PersonalNumber: "900102400123", Phone: "+77010000000"}

func admitted(context.Context) error { return nil }

// never is for requests that are refused before anybody counts them.
func never(t *testing.T) func(context.Context) error {
	return func(context.Context) error {
		t.Error("a request that is not sound was counted")
		return nil
	}
}

// TestHeldBack: what is not admitted is not sent.
func TestHeldBack(t *testing.T) {
	ed, enough := technology(t), errors.New("enough")
	ed.Providers = provider.Set{unasked{t}}
	if _, _, err := ed.Begin(t.Context(), "", holder, func(context.Context) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
}

// unasked is a provider that nobody may ask.
type unasked struct{ *testing.T }

func (u unasked) Name() string { return "unasked" }

func (u unasked) Start(context.Context, provider.Request) (provider.Session, error) {
	u.Error("a code was sent")
	return provider.Session{}, nil
}

func (u unasked) Approve(context.Context, string, string) (provider.Record, error) {
	return provider.Record{}, provider.ErrSession
}

// TestEDOC_12_Provider: start and code lead to the same document as files do;
// an outage, a wrong code and a refusing holder are told apart.
func TestEDOC_12_Provider(t *testing.T) {
	ed := technology(t)
	ed.Providers = provider.Set{provider.NewTest("test")}
	memo, valid, err := ed.Begin(t.Context(), "", holder, admitted)
	if err != nil || valid <= 0 {
		t.Fatal(valid, err)
	}
	if _, err := ed.Approve(t.Context(), memo, "654321"); !errors.Is(err, provider.ErrCode) {
		t.Errorf("wrong code: %v", err)
	}
	out, err := ed.Approve(t.Context(), memo, provider.TestCode)
	if err != nil || !out.Passed || out.Face == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	r := out.Details.(*edocument.Result)
	if r.Kind != edocument.FromProvider || r.Provider != "test" || r.Phone != holder.Phone || r.Document.PersonalNumber != holder.PersonalNumber || r.Document.Number == "" || r.Portrait == nil {
		t.Errorf("%+v", r)
	}
	if _, _, err := ed.Begin(t.Context(), "test", provider.Request{PersonalNumber: provider.TestOutage, Phone: holder.Phone}, admitted); idem.KindOf(err) != idem.Unavailable || idem.CodeOf(err) != "PROVIDER_UNAVAILABLE" {
		t.Errorf("outage: %v", err)
	}
	memo, _, err = ed.Begin(t.Context(), "test", provider.Request{PersonalNumber: provider.TestRefuses, Phone: holder.Phone}, admitted)
	if err != nil {
		t.Fatal(err)
	}
	out, err = ed.Approve(t.Context(), memo, provider.TestCode)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, out, edocument.HolderRefused)
}

func TestProviderRequestsAreChecked(t *testing.T) {
	ed := technology(t)
	ed.Providers = provider.Set{provider.NewTest("test")}
	for name, r := range map[string]provider.Request{"no number": {Phone: holder.Phone}, "no phone": {PersonalNumber: holder.PersonalNumber}, "letters": {PersonalNumber: "9001 02<", Phone: holder.Phone}} {
		if _, _, err := ed.Begin(t.Context(), "test", r, never(t)); !errors.Is(err, edocument.ErrHolder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := ed.Begin(t.Context(), "other", holder, never(t)); !errors.Is(err, provider.ErrUnknown) {
		t.Errorf("unknown provider: %v", err)
	}
	ed.Policy.RequireChip = true
	memo, _, _ := ed.Begin(t.Context(), "test", holder, admitted)
	out, err := ed.Approve(t.Context(), memo, provider.TestCode)
	if err != nil || !slices.Equal(out.Reasons, []tech.Reason{edocument.InsufficientAssurance}) {
		t.Errorf("policy: %v %v", out.Reasons, err)
	}
}

func TestFilesOfAResult(t *testing.T) {
	ed := technology(t)
	ed.Providers = provider.Set{provider.NewTest("test")}
	memo, _, _ := ed.Begin(t.Context(), "test", holder, admitted)
	out, err := ed.Approve(t.Context(), memo, provider.TestCode)
	if err != nil {
		t.Fatal(err)
	}
	files, err := out.Details.(*edocument.Result).Files("0199-check", now)
	if err != nil || !bytes.HasPrefix(files.PDF, []byte("%PDF-")) {
		t.Errorf("PDF of %d bytes, %v", len(files.PDF), err)
	}
	if img, err := png.Decode(bytes.NewReader(files.PNG)); err != nil || img.Bounds().Dx() != 1240 {
		t.Errorf("PNG: %v", err)
	}
	if _, err := (&edocument.Result{}).Files("x", now); !errors.Is(err, edocument.ErrIncomplete) {
		t.Errorf("nothing proven: %v", err)
	}
}
