package flow

import (
	"time"

	"github.com/idem-id/idem"
)

// Offer is what an electronic document step can be answered with besides the
// files of a chip.
type Offer struct {
	Providers []string  // names, none where no provider is configured
	CodesLeft int       // how often a code can still be sent
	CodeUntil time.Time // until when the code that was sent last is waited for; zero when none is
}

// Offer tells what a step that is not over can be answered with; nil for other
// steps than electronic documents.
func (f *Flows) Offer(s *idem.Session, step int) *Offer {
	p := &s.Steps[step]
	d, ok := f.techs[p.Technology].(documents)
	if !ok || p.Result != nil || s.Ended() {
		return nil
	}
	a := readAsked(p.Memo)
	o := &Offer{Providers: d.ProviderNames(), CodesLeft: max(0, maxCodes-a.Codes)}
	if a.Provider && a.Data != nil {
		o.CodeUntil = p.MemoUntil
	}
	return o
}
