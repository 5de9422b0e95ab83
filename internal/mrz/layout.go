package mrz

// Format is one of the five shapes of a zone.
type Format uint8

// The formats. The zero Format is none.
const (
	TD1  Format = iota + 1 // cards, 3 lines of 30
	TD2                    // larger cards, 2 lines of 36
	TD3                    // passports, 2 lines of 44
	MRVA                   // visas, 2 lines of 44
	MRVB                   // smaller visas, 2 lines of 36
)

// Formats lists the formats.
var Formats = []Format{TD1, TD2, TD3, MRVA, MRVB}

// String returns the name that Doc 9303 uses.
func (f Format) String() string {
	return [...]string{"", "TD1", "TD2", "TD3", "MRV-A", "MRV-B"}[f]
}

// Layout returns the table of a format; the caller must not change it.
func (f Format) Layout() *Layout { return &layouts[f] }

// Class is the set of characters that may stand at a place.
type Class string

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// The classes. Filler is the character of an unused place.
const (
	Filler byte = '<'

	Digit         Class = digits
	DigitOrFiller Class = digits + "<"
	Letters       Class = letters + "<"
	Any           Class = digits + letters + "<"
	SexMark       Class = "MF<"
)

// Has reports whether the character may stand at a place of the class.
func (c Class) Has(b byte) bool {
	for i := range len(c) {
		if c[i] == b {
			return true
		}
	}
	return false
}

// Field names a part of a zone in results.
type Field string

// The fields. Composite is the check digit over several of them.
const (
	DocumentType   Field = "document_type"
	Issuer         Field = "issuer"
	Name           Field = "name"
	DocumentNumber Field = "document_number"
	Nationality    Field = "nationality"
	BirthDate      Field = "birth_date"
	SexField       Field = "sex"
	ExpiryDate     Field = "expiry_date"
	Optional1      Field = "optional_data"
	Optional2      Field = "optional_data_2" // TD1 only, its second line
	Composite      Field = "composite"
)

// Range is a piece of one line: the places From up to, not including, To.
type Range struct{ Line, From, To int }

// Len returns the number of places.
func (r Range) Len() int { return r.To - r.From }

// of returns the characters of the range.
func (r Range) of(lines []string) string { return lines[r.Line][r.From:r.To] }

// Place is a field in its range.
type Place struct {
	Field Field
	Range
	Class Class
}

// CheckPlace is a check digit: where it stands and what it covers, in order.
// Its class is DigitOrFiller where an empty field may go without a digit or
// where a filler says that the number goes on in the optional data.
type CheckPlace struct {
	Field Field
	At    Range // one place
	Over  []Range
	Class Class
}

// Layout is the table of a format. Places and the check digits together cover
// each place of each line once.
type Layout struct {
	Format Format
	Lines  int
	Width  int
	First  Class // of the very first character, which tells visas from the rest
	Places []Place
	Checks []CheckPlace
	Long   bool // document numbers may go on in the optional data

	classes [][]Class
}

// ClassAt returns what may stand at a place.
func (l *Layout) ClassAt(line, column int) Class { return l.classes[line][column] }

// Place returns the range of a field; its length is 0 when the format has no
// such field.
func (l *Layout) Place(f Field) Place {
	for _, p := range l.Places {
		if p.Field == f {
			return p
		}
	}
	return Place{Field: f}
}

// layouts is indexed by Format.
var layouts = func() (t [MRVB + 1]Layout) {
	t[TD1] = card()
	t[TD2] = booklet(TD2, 36, "ACI", 35, true)
	t[TD3] = booklet(TD3, 44, "P", 42, false)
	t[MRVA] = booklet(MRVA, 44, "V", 44, false)
	t[MRVB] = booklet(MRVB, 36, "V", 36, false)
	for i := range t {
		t[i].classes = t[i].spread()
	}
	return t
}()

func card() Layout {
	return Layout{Format: TD1, Lines: 3, Width: 30, First: "ACI", Long: true,
		Places: []Place{
			{DocumentType, Range{0, 0, 2}, Letters}, {Issuer, Range{0, 2, 5}, Letters}, {DocumentNumber, Range{0, 5, 14}, Any}, {Optional1, Range{0, 15, 30}, Any},
			{BirthDate, Range{1, 0, 6}, DigitOrFiller}, {SexField, Range{1, 7, 8}, SexMark}, {ExpiryDate, Range{1, 8, 14}, DigitOrFiller},
			{Nationality, Range{1, 15, 18}, Letters}, {Optional2, Range{1, 18, 29}, Any},
			{Name, Range{2, 0, 30}, Letters},
		},
		Checks: []CheckPlace{
			{DocumentNumber, Range{0, 14, 15}, []Range{{0, 5, 14}}, DigitOrFiller},
			{BirthDate, Range{1, 6, 7}, []Range{{1, 0, 6}}, Digit},
			{ExpiryDate, Range{1, 14, 15}, []Range{{1, 8, 14}}, Digit},
			{Composite, Range{1, 29, 30}, []Range{{0, 5, 30}, {1, 0, 7}, {1, 8, 15}, {1, 18, 29}}, Digit},
		},
	}
}

// booklet makes the two-line formats, which differ in their width, in where
// the optional data ends and in the check digits that follow it.
func booklet(f Format, width int, first Class, optionalEnd int, long bool) Layout {
	number := Digit
	if long {
		number = DigitOrFiller
	}
	l := Layout{Format: f, Lines: 2, Width: width, First: first, Long: long,
		Places: []Place{
			{DocumentType, Range{0, 0, 2}, Letters}, {Issuer, Range{0, 2, 5}, Letters}, {Name, Range{0, 5, width}, Letters},
			{DocumentNumber, Range{1, 0, 9}, Any}, {Nationality, Range{1, 10, 13}, Letters},
			{BirthDate, Range{1, 13, 19}, DigitOrFiller}, {SexField, Range{1, 20, 21}, SexMark},
			{ExpiryDate, Range{1, 21, 27}, DigitOrFiller}, {Optional1, Range{1, 28, optionalEnd}, Any},
		},
		Checks: []CheckPlace{
			{DocumentNumber, Range{1, 9, 10}, []Range{{1, 0, 9}}, number},
			{BirthDate, Range{1, 19, 20}, []Range{{1, 13, 19}}, Digit},
			{ExpiryDate, Range{1, 27, 28}, []Range{{1, 21, 27}}, Digit},
		},
	}
	if optionalEnd == width-2 { // only TD3 covers its optional data
		l.Checks = append(l.Checks, CheckPlace{Optional1, Range{1, optionalEnd, width - 1}, []Range{{1, 28, optionalEnd}}, DigitOrFiller})
	}
	if optionalEnd < width { // visas have no composite
		l.Checks = append(l.Checks, CheckPlace{Composite, Range{1, width - 1, width}, []Range{{1, 0, 10}, {1, 13, 20}, {1, 21, width - 1}}, Digit})
	}
	return l
}

func (l *Layout) spread() [][]Class {
	classes := make([][]Class, l.Lines)
	for i := range classes {
		classes[i] = make([]Class, l.Width)
	}
	put := func(r Range, c Class) {
		for i := r.From; i < r.To; i++ {
			classes[r.Line][i] = c
		}
	}
	for _, p := range l.Places {
		put(p.Range, p.Class)
	}
	for _, c := range l.Checks {
		put(c.At, c.Class)
	}
	if l.Lines > 0 {
		put(Range{0, 0, 1}, l.First)
	}
	return classes
}
