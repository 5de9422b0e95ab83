package document

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// sheet is one picture of a document while it is read.
type sheet struct {
	engine *ocr.Engine
	img    *ocr.Raster
	// boxes are the lines of text, all read the same way up.
	boxes []ocr.Box
	lines map[ocr.Quad]ocr.Line // what was read so far
	page  int

	zone    *zone // nil when there is none
	codes   []Code
	quad    *ocr.Quad // nil when the document's edges do not show
	text    []ocr.Line
	native  map[ocr.Quad]ocr.Line // second readings, where both are sure
	quality Quality
}

// detect finds the lines of text and which way up most of them stand.
func (s *sheet) detect(ctx context.Context, longer int) error {
	var err error
	if s.boxes, err = s.engine.Detect(ctx, s.img, longer); err != nil {
		return err
	}
	s.lines = map[ocr.Quad]ocr.Line{}
	inverted, err := s.engine.Inverted(ctx, s.img, longest(s.boxes, voters))
	if err != nil {
		return err
	}
	sum := 0.0
	for _, p := range inverted {
		sum += p - 0.5
	}
	if sum > 0 {
		s.flip()
	}
	return nil
}

// voters is how many lines say which way up a page is.
const voters = 8

// longest returns the n longest lines.
func longest(boxes []ocr.Box, n int) []ocr.Quad {
	sorted := slices.SortedStableFunc(slices.Values(boxes), func(a, b ocr.Box) int { return cmp.Compare(b.Width(), a.Width()) })
	var out []ocr.Quad
	for _, b := range sorted[:min(n, len(sorted))] {
		out = append(out, b.Quad)
	}
	return out
}

func (s *sheet) flip() {
	for i := range s.boxes {
		s.boxes[i].Quad = s.boxes[i].Flip()
	}
}

func (s *sheet) read(ctx context.Context, q ocr.Quad) (ocr.Line, error) {
	if l, ok := s.lines[q]; ok {
		return l, nil
	}
	l, err := s.engine.Read(ctx, s.img, q)
	if err == nil {
		s.lines[q] = l
	}
	return l, err
}

// zone is a machine readable zone and where its lines stand.
type zone struct {
	mrz.Decoded
	rows []ocr.Quad
}

// The detector's sizes, the second for pictures that the first does not solve.
var ladder = []int{960, 1536}

// findZone looks for a machine readable zone. It answers nil when there is
// none that can be read.
func (s *sheet) findZone(ctx context.Context, o mrz.Options) (*zone, error) {
	var best *zone
	for i, longer := range ladder {
		if i > 0 && (len(s.boxes) == 0 || max(s.img.W, s.img.H) <= ladder[i-1]) {
			break // a larger size shows nothing more: pictures are not enlarged
		}
		if err := s.detect(ctx, longer); err != nil {
			return nil, err
		}
		for range 2 {
			z, err := s.decodeZone(ctx, o)
			if err != nil {
				return nil, err
			}
			if z.better(best) {
				best = z
			}
			if best.convincing() {
				return best, nil
			}
			if z == nil && s.plain() {
				break
			}
			s.flip()
		}
	}
	return best, nil
}

// plain reports whether every line that could be one of a zone was read with
// confidence and is none, so that the text does not stand on its head.
func (s *sheet) plain() bool {
	for _, q := range longest(s.boxes, seeds) {
		l, read := s.lines[q]
		if q.Width() >= slender*q.Height() && (!read || l.Confidence < sureLine || zoneLike(l.Text)) {
			return false
		}
	}
	return len(s.boxes) >= leastLines
}

func (z *zone) better(than *zone) bool {
	return z != nil && (than == nil || z.held() > than.held() || z.held() == than.held() && z.Score > than.Score)
}

// held returns the share of check digits that hold.
func (z *zone) held() float64 {
	n := 0.0
	for _, c := range z.Checks {
		if c.OK {
			n++
		}
	}
	return n / float64(len(z.Checks))
}

// What a line's characters are sure of at least, the least certain one and
// their mean, for the line not to be read again.
const (
	sureOfEach = 0.3
	sureOfMost = 0.65
)

// doubtful reports whether a line has characters that are half guessed. Fillers
// do not count: how many there are is never sure, and follows from the format.
func doubtful(d mrz.Decoded, line int) bool {
	least, sum, n := 1.0, 0.0, 0.0
	for i, b := range []byte(d.Lines()[line]) {
		if b != mrz.Filler {
			c := d.Confidence[line][i]
			least, sum, n = min(least, c), sum+c, n+1
		}
	}
	return least < sureOfEach || sum < n*sureOfMost
}

func (z *zone) convincing() bool { return z != nil && z.held() == 1 }

// slender is the aspect from which a line can be one of a zone.
const slender = 7

// seeds is how many lines are read in search of one of a zone.
const seeds = 5

// decodeZone reads the longest lines until one can be part of a zone, then its
// neighbours.
func (s *sheet) decodeZone(ctx context.Context, o mrz.Options) (*zone, error) {
	var best *zone
	tried := map[ocr.Quad]bool{}
	for _, q := range longest(s.boxes, seeds) {
		if q.Width() < slender*q.Height() || tried[q] {
			continue
		}
		l, err := s.read(ctx, q)
		if err != nil {
			return nil, err
		}
		if !zoneLike(l.Text) {
			continue
		}
		rows, used := s.stack(q)
		for _, u := range used {
			tried[u] = true
		}
		z, err := s.decodeRows(ctx, rows, o)
		if err != nil {
			return nil, err
		}
		if z.better(best) {
			best = z
		}
		if best.convincing() {
			break
		}
	}
	return best, nil
}

// zoneLike reports whether a line read freely can be one of a zone.
func zoneLike(text string) bool {
	n, fitting, fillers := 0, 0, 0
	for _, r := range text {
		n++
		if r < 128 && mrz.Any.Has(byte(r)) {
			fitting++
		}
		if r == '<' {
			fillers++
		}
	}
	return n >= 15 && fitting*10 >= n*8 && (fillers >= 2 || n >= 26 && !strings.Contains(text, " "))
}

// stack returns the rows of text above and below a line that are parallel to
// it and lie close, top first, and the boxes in them. Pieces of one row are
// joined.
func (s *sheet) stack(seed ocr.Quad) (rows, used []ocr.Quad) {
	u := seed.Axis()
	v := ocr.Point{X: -u.Y, Y: u.X}
	h, c := seed.Height(), seed.Centre()
	offset := func(q ocr.Quad) float64 { return q.Centre().Sub(c).Dot(v) }
	for _, b := range s.boxes {
		if near(seed, b.Quad, u) && math.Abs(offset(b.Quad)) < reach*h {
			used = append(used, b.Quad)
		}
	}
	slices.SortFunc(used, func(a, b ocr.Quad) int { return cmp.Compare(offset(a), offset(b)) })
	var row []ocr.Quad
	for i, q := range used {
		row = append(row, q)
		if i+1 == len(used) || offset(used[i+1])-offset(q) > h/2 {
			rows = append(rows, join(row))
			row = nil
		}
	}
	return rows, used
}

// reach is how many heights of a line the other lines of its zone can be away.
const reach = 6

// near reports whether a box is as high as the seed, parallel to it and beside
// or along it.
func near(seed, q ocr.Quad, u ocr.Point) bool {
	if q.Height() > 2*seed.Height() || q.Height() < seed.Height()/2 {
		return false
	}
	if q.Width() > 4*q.Height() && q.Axis().Dot(u) < parallel {
		return false
	}
	d := q.Centre().Sub(seed.Centre()).Dot(u)
	return math.Abs(d) < (seed.Width()+q.Width())/2
}

// parallel is the cosine of the greatest angle between lines of a zone.
var parallel = math.Cos(6 * math.Pi / 180)

// join returns the rectangle around the pieces of a row, along its longest.
func join(row []ocr.Quad) ocr.Quad {
	main := slices.MaxFunc(row, func(a, b ocr.Quad) int { return cmp.Compare(a.Width(), b.Width()) })
	if len(row) == 1 {
		return main
	}
	var points []ocr.Point
	for _, q := range row {
		points = append(points, q[:]...)
	}
	return ocr.Rect(points, main.Axis())
}

// decodeRows decodes the zone that some of the rows make, with further crops
// of the rows that are doubtful.
func (s *sheet) decodeRows(ctx context.Context, quads []ocr.Quad, o mrz.Options) (*zone, error) {
	rows := make([]mrz.Row, len(quads))
	for i, q := range quads {
		l, err := s.read(ctx, q)
		if err != nil {
			return nil, err
		}
		rows[i] = mrz.Row{l.Frames}
	}
	d, ok, err := mrz.Decode(ctx, rows, o)
	if err != nil {
		return nil, fmt.Errorf("decode the zone: %w", err)
	}
	for _, crop := range crops(quads) {
		again := weak(d, ok, len(rows))
		if len(again) == 0 {
			break
		}
		for _, i := range again {
			l, err := s.read(ctx, crop(quads[i]))
			if err != nil {
				return nil, err
			}
			rows[i] = append(rows[i], l.Frames)
		}
		if d, ok, err = mrz.Decode(ctx, rows, o); err != nil {
			return nil, fmt.Errorf("decode the zone: %w", err)
		}
	}
	if !ok {
		return nil, nil
	}
	return placed(d, quads), nil
}

// crops are further looks at a row, one after the other: a taller strip, and
// one as long as the longest row.
func crops(quads []ocr.Quad) []func(ocr.Quad) ocr.Quad {
	main := slices.MaxFunc(quads, func(a, b ocr.Quad) int { return cmp.Compare(a.Width(), b.Width()) })
	return []func(ocr.Quad) ocr.Quad{
		func(q ocr.Quad) ocr.Quad { return q.Grow(0, 0.12*q.Height()) },
		func(q ocr.Quad) ocr.Quad { return alongside(q, main) },
	}
}

// weak returns the rows that are worth another look: all while there is no
// zone, else those of the zone that were read with doubt or do not hold.
func weak(d mrz.Decoded, ok bool, rows int) []int {
	var out []int
	for i := range rows {
		line := i - d.First
		within := ok && line >= 0 && line < len(d.Scores)
		if !ok || within && (doubtful(d, line) || !d.Valid()) {
			out = append(out, i)
		}
	}
	return out
}

func placed(d mrz.Decoded, quads []ocr.Quad) *zone {
	return &zone{d, quads[d.First : d.First+d.Format.Layout().Lines]}
}

// alongside returns a row with the ends of the main one.
func alongside(q, main ocr.Quad) ocr.Quad {
	u := q.Axis()
	c := q.Centre()
	left, right := main[0].Add(main[3]).Mul(0.5), main[1].Add(main[2]).Mul(0.5)
	return ocr.Rect(append(q[:], c.Add(u.Mul(left.Sub(c).Dot(u))), c.Add(u.Mul(right.Sub(c).Dot(u)))), u)
}
