package document

import (
	"image"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/barcode"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// The reasons for which a document does not pass.
const (
	ZoneMissing        tech.Reason = "mrz_not_found"
	ZoneInvalid        tech.Reason = "mrz_invalid"         // a check digit fails or a field breaks a rule
	IssuerUnknown      tech.Reason = "issuer_unknown"      // its code is read but is no state's
	NationalityUnknown tech.Reason = "nationality_unknown" // the same of the nationality
	PagesDiffer        tech.Reason = "pages_differ"        // their zones are of two documents
)

// The warnings.
const (
	NameMismatch     tech.Reason = "name_mismatch"            // zone and visual zone name different persons
	FieldMismatch    tech.Reason = "field_mismatch"           // sources disagree on another field
	PersonalMismatch tech.Reason = "personal_number_mismatch" // with date of birth or sex
	PersonalInvalid  tech.Reason = "personal_number_invalid"
	Expired          tech.Reason = "document_expired"
	CountryMismatch  tech.Reason = "country_mismatch" // another issuer than the client says
	Corrected        tech.Reason = "mrz_corrected"    // a character follows from a check digit
	PortraitMissing  tech.Reason = "portrait_not_found"
	PortraitSmall    tech.Reason = "portrait_too_small" // to be compared
	Small            tech.Reason = "document_small"     // fewer pixels than are asked for
	Blurred          tech.Reason = "image_blurred"
	Glare            tech.Reason = "image_glare"
	Dark             tech.Reason = "image_dark"
	Bright           tech.Reason = "image_bright"
	Cut              tech.Reason = "document_cut" // reaches over the picture's border
)

// The refusals of pictures in which no document can be read.
var (
	ErrNotFound = idem.Errorf(idem.Unprocessable, "DOCUMENT_NOT_FOUND", "there is no document in the picture")
	ErrTooSmall = idem.Errorf(idem.Unprocessable, "DOCUMENT_TOO_SMALL", "the document is too small to be read: 1000 pixels across are needed")
	ErrBlurred  = idem.Errorf(idem.Unprocessable, "IMAGE_TOO_BLURRED", "the picture is too blurred to be read")
	ErrTooMany  = idem.Errorf(idem.TooLarge, "TOO_MANY_PAGES", "a document has at most %d pictures", maxPages)
)

// Source is where a reading comes from.
type Source string

// The sources, the most trusted first.
const (
	FromZone    Source = "mrz"
	FromBarcode Source = "barcode"
	FromVisual  Source = "visual"
)

// Name names a field of a document.
type Name string

// The fields. Dates are written as idem.Date writes them, sexes as idem.Sex.
const (
	DocumentType   Name = "document_type"
	Issuer         Name = "issuer"
	DocumentNumber Name = "document_number"
	PersonalNumber Name = "personal_number"
	Surname        Name = "surname"
	GivenNames     Name = "given_names"
	Patronymic     Name = "patronymic"
	BirthDate      Name = "birth_date"
	Sex            Name = "sex"
	Nationality    Name = "nationality"
	ExpiryDate     Name = "expiry_date"
	BirthPlace     Name = "birth_place"
	Authority      Name = "issuing_authority"
)

// names is the order in which fields are given.
var names = []Name{DocumentType, Issuer, DocumentNumber, PersonalNumber, Surname, GivenNames, Patronymic, BirthDate, Sex, Nationality, ExpiryDate,
	BirthPlace, Authority}

// Reading is what one source says about a field.
type Reading struct {
	Value      string
	Source     Source
	Page       int     // index of the picture
	Confidence float64 // 0..1
}

// Field is one field of a document.
type Field struct {
	Name
	Reading
	// Others are the readings of other sources; Agreed says that all of them
	// mean the same.
	Others []Reading
	Agreed bool
}

// Kind is what sort of document it is.
type Kind string

// The kinds. Unknown is a document with neither a zone nor a licence's code.
const (
	Passport       Kind = "passport"
	Card           Kind = "identity_card"
	Visa           Kind = "visa"
	DrivingLicence Kind = "driving_licence"
	Unknown        Kind = "unknown"
)

// Zone is the machine readable zone and where it stands.
type Zone struct {
	*mrz.Zone
	Page        int
	Rows        []ocr.Quad // by line
	Corrections []mrz.Correction
}

// Portrait is a face of a document.
type Portrait struct {
	Image    image.Image // upright, 3:4
	Page     int
	Quad     ocr.Quad // of Image, in the picture
	InterEye float64  // pixels between the eyes in the picture
}

// Page is what one picture shows.
type Page struct {
	Quality Quality
	Quad    *ocr.Quad // the document's corners; nil when its edges do not show
	Lines   []ocr.Line
}

// Result is what was recognised.
type Result struct {
	Kind     Kind
	Country  string // issuer by its code in the zone or the licence, empty when unknown
	Fields   []Field
	Zone     *Zone            // nil when none was read
	Licence  *barcode.Licence // what a PDF417 code states; nil when none was read
	Codes    []Code
	Portrait *Portrait // nil when none was found
	Ghost    *Portrait // a second, smaller image of the holder
	Expiry   idem.Date
	Expired  bool
	Pages    []Page

	mixed bool // the pages are of two documents
}

// Field returns a field; false when it was not read.
func (r *Result) Field(n Name) (Field, bool) {
	for _, f := range r.Fields {
		if f.Name == n {
			return f, true
		}
	}
	return Field{}, false
}
