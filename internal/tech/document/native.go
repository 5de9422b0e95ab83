package document

import (
	"cmp"
	"context"
	"image"
	"slices"
	"unicode"

	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/document/tesseract"
)

// cyrillicIssuers print Cyrillic letters on their documents.
var cyrillicIssuers = []string{"KAZ", "RUS", "BLR", "UKR", "KGZ", "TJK", "UZB", "MNG", "BGR", "SRB", "MKD", "MNE", "BIH"}

// A page is taken for one with letters that the networks do not know when so
// many of its lines, and such a share, were read in doubt.
const (
	strangeLines = 3
	strangeShare = 0.4
)

// Confidences that choose between the two readings of a line. Tesseract takes
// Latin words for Cyrillic ones with up to 0.92, and the networks Cyrillic words
// of letters that look Latin with up to 0.97.
const (
	nativeFrom = 0.8
	latinFrom  = 0.95
	// labelFrom is enough for a line that the networks did not read: values need
	// more, and labels only tell what a value is.
	labelFrom = 0.6
)

// readNative reads the lines of a page once more as Kazakh and Russian, if it
// seems to have such. Where both readings are sure the second is kept beside. A
// fault of the program, which meets strangers' pixels, changes nothing.
func (s *sheet) readNative(ctx context.Context, r *tesseract.Reader) error {
	if r == nil || !s.seemsNative() {
		return nil
	}
	var which []int
	var strips []*image.Gray
	for i, l := range s.text {
		if countOf(l.Text, unicode.IsLetter) > 0 || l.Confidence < sureLine {
			which = append(which, i)
		}
	}
	slices.SortFunc(which, func(a, b int) int { return cmp.Compare(s.text[a].Centre().Y, s.text[b].Centre().Y) })
	for _, i := range which {
		q := s.text[i].Quad
		w := int(q.Width() / max(q.Height(), 1) * tesseract.Height)
		strips = append(strips, s.img.Warp(q, min(max(w, 1), maxStrip), tesseract.Height).Luminance())
	}
	texts, err := r.Read(ctx, strips)
	if err != nil {
		return ctx.Err()
	}
	s.native = map[ocr.Quad]ocr.Line{}
	for k, i := range which {
		s.choose(&s.text[i], texts[k])
	}
	return nil
}

// seemsNative reports whether a page may have Cyrillic letters: by its issuer,
// or because much of it was read in doubt.
func (s *sheet) seemsNative() bool {
	if s.zone != nil && slices.Contains(cyrillicIssuers, s.zone.Issuer) {
		return true
	}
	all, strange := 0, 0
	for _, l := range s.text {
		if countOf(l.Text, unicode.IsLetter) < 3 {
			continue
		}
		all++
		if l.Confidence < sureLine {
			strange++
		}
	}
	return strange >= strangeLines && float64(strange) >= strangeShare*float64(all)
}

// choose takes the second reading of a line where the first is in doubt.
func (s *sheet) choose(l *ocr.Line, t tesseract.Text) {
	least := nativeFrom
	if l.Confidence < sureLine {
		least = labelFrom
	}
	if !cyrillic(t.Text) || t.Confidence < least {
		return
	}
	second := ocr.Line{Quad: l.Quad, Text: t.Text, Confidence: t.Confidence}
	if l.Confidence < latinFrom {
		*l = second
		return
	}
	s.native[l.Quad] = second
}

// cyrillic reports whether a text is mostly of Cyrillic letters.
func cyrillic(text string) bool {
	n := countOf(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
	return n > 0 && n > countOf(text, unicode.IsDigit) && 2*n > countOf(text, unicode.IsLetter)
}

func countOf(text string, is func(rune) bool) int {
	n := 0
	for _, r := range text {
		if is(r) {
			n++
		}
	}
	return n
}

// readings are the lines of a page with the second readings beside the first.
func (s *sheet) readings() []ocr.Line {
	out := slices.Clone(s.text)
	for _, l := range s.text {
		if second, ok := s.native[l.Quad]; ok {
			out = append(out, second)
		}
	}
	return out
}

// valueUnder returns the reading of a line that stands for a label: a Cyrillic
// label names a Cyrillic value where the line can be read as one.
func (s *sheet) valueUnder(label, value ocr.Line) ocr.Line {
	latin := func(r rune) bool { return unicode.Is(unicode.Latin, r) }
	if second, ok := s.native[value.Quad]; ok && cyrillic(label.Text) && countOf(label.Text, latin) == 0 {
		return second
	}
	return value
}
