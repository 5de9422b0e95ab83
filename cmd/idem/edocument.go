package main

import (
	"fmt"

	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// openEDocument returns the technology over the trust stores of the data
// folder and the configured providers.
func openEDocument(c config, pictures *picture.Decoder) (*edocument.Technology, error) {
	providers, err := provider.Load(c.Providers)
	if err != nil {
		return nil, err
	}
	return edocument.New(edocument.Deps{
		Travel: travelTrust(c), Mobile: mobileTrust(c), Decoder: pictures, Providers: providers,
		Policy: edocument.Policy{RequireChip: c.NeedChip},
	}), nil
}

// checkTrust tells whose documents are believed.
func checkTrust(c config) finding {
	const what = "trust store"
	counts := map[string]int{}
	for name, store := range map[string]*trust.Store{"travel": travelTrust(c), "mobile": mobileTrust(c)} {
		items, err := store.List()
		if err != nil {
			return failed(what, err, "check the folder trust in the data folder")
		}
		for _, i := range items {
			if i.Fault != nil {
				return failed(what, fmt.Errorf("%s: %w", i.Name, i.Fault), "idem trust remove "+i.Name)
			}
			counts[name] += len(i.Certificates)
		}
	}
	if counts["travel"]+counts["mobile"] == 0 {
		return finding{what, "warning", "no roots: no electronic document is believed", "idem trust import FILE: certificates and master lists of the states whose documents you take"}
	}
	return ok(what, "%d roots of travel documents, %d of mobile documents", counts["travel"], counts["mobile"])
}

func checkPortraits() finding {
	if picture.DecodesJPEG2000() {
		return ok("portraits", "JPEG and JPEG 2000")
	}
	return finding{"portraits", "warning", "this build reads no JPEG 2000: portraits of many passports stay undecoded", "build with make, which links OpenJPEG"}
}
