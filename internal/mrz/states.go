package mrz

import "strings"

// specimenState is the fictional state of Doc 9303's examples.
const specimenState = "UTO"

// KnownState reports whether a code without its fillers may stand for an
// issuer or a nationality: ISO 3166-1 alpha-3 and the codes that Doc 9303-3
// adds. With specimen, UTO is one as well.
func KnownState(code string, specimen bool) bool {
	if code == specimenState {
		return specimen
	}
	_, ok := states[code]
	return ok
}

// States returns every known code, without UTO.
func States() []string { return strings.Fields(stateCodes) }

var states = func() map[string]struct{} {
	m := map[string]struct{}{}
	for _, c := range States() {
		m[c] = struct{}{}
	}
	return m
}()

const stateCodes = `
ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN
BES BFA BGD BGR BHR BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN
CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE DEU
DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR
GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV
HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM
KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA
MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM
NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL
PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE
SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK
TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB
VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE
D GBD GBN GBO GBP GBS RKS EUE UNO UNA UNK XXA XXB XXC XXX XOM XPO XBA XIM XCC XCE XCO XEC XES XMP XDC`

// personalNumber names the optional field that holds the holder's personal
// number in the documents of an issuer.
var personalNumber = map[string]map[Format]int{
	"KAZ":         {TD3: 0, TD1: 0},
	specimenState: {TD3: 0, TD1: 0},
	"EST":         {TD3: 0, TD1: 0},
	"LTU":         {TD3: 0},
	"POL":         {TD3: 0},
	"ROU":         {TD3: 0},
	"TUR":         {TD3: 0},
}

// PersonalNumber returns the holder's personal number and whether documents of
// this issuer and format carry one.
func (r *Record) PersonalNumber() (number string, ok bool) {
	i, ok := personalNumber[r.Issuer][r.Format]
	if !ok || r.Optional[i] == "" {
		return "", false
	}
	return r.Optional[i], true
}
