package face

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/match"
)

// Code says how an analysis ended. A code is a result that is stored and
// audited, never an error.
type Code string

// The codes of an analysis, best first. When several hold, the one that makes
// the face least usable is reported: not found, too small, low quality, then
// multiple.
const (
	OK         Code = "OK"
	Multiple   Code = "FACE_MULTIPLE"
	LowQuality Code = "FACE_LOW_QUALITY"
	TooSmall   Code = "FACE_TOO_SMALL"
	NotFound   Code = "FACE_NOT_FOUND"
)

// Issue names one weakness of a face picture.
type Issue string

// The issues that a quality check can name.
const (
	IssueSmall      Issue = "SMALL"
	IssueBlurred    Issue = "BLURRED"
	IssueTurned     Issue = "TURNED"
	IssueCut        Issue = "CUT_BY_BORDER"
	IssueUnreliable Issue = "UNRELIABLE_TEMPLATE"
)

// Point is a position in pixels of the analysed picture, origin at its top
// left corner, y downwards. Pixel centres are at half coordinates.
type Point struct{ X, Y float64 }

// Sub returns p - q.
func (p Point) Sub(q Point) Point { return Point{p.X - q.X, p.Y - q.Y} }

// Mid returns the point half way to q.
func (p Point) Mid(q Point) Point { return Point{(p.X + q.X) / 2, (p.Y + q.Y) / 2} }

// Dist returns the distance to q in pixels.
func (p Point) Dist(q Point) float64 { return math.Hypot(p.X-q.X, p.Y-q.Y) }

// Box is an axis-aligned rectangle in pixels; it may reach over the border.
type Box struct{ X0, Y0, X1, Y1 float64 }

// Width returns the width in pixels.
func (b Box) Width() float64 { return b.X1 - b.X0 }

// Height returns the height in pixels.
func (b Box) Height() float64 { return b.Y1 - b.Y0 }

// Area returns the area in square pixels, 0 for an empty box.
func (b Box) Area() float64 { return max(0, b.Width()) * max(0, b.Height()) }

// Centre returns the middle of the box.
func (b Box) Centre() Point { return Point{(b.X0 + b.X1) / 2, (b.Y0 + b.Y1) / 2} }

// Square returns the square of the given side around the centre of the box.
func (b Box) Square(side float64) Box {
	c := b.Centre()
	return Box{c.X - side/2, c.Y - side/2, c.X + side/2, c.Y + side/2}
}

// IoU returns the intersection over union of two boxes, 0..1.
func (b Box) IoU(o Box) float64 {
	both := Box{max(b.X0, o.X0), max(b.Y0, o.Y0), min(b.X1, o.X1), min(b.Y1, o.Y1)}.Area()
	if both == 0 {
		return 0
	}
	return both / (b.Area() + o.Area() - both)
}

// Landmarks are the 68 points of the iBUG annotation scheme in pixels: jaw
// 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67.
type Landmarks [68]Point

// LeftEye returns the centre of the eye at the left of the picture.
func (l *Landmarks) LeftEye() Point { return l[37].Mid(l[38]).Mid(l[40].Mid(l[41])) }

// RightEye returns the centre of the eye at the right of the picture.
func (l *Landmarks) RightEye() Point { return l[43].Mid(l[44]).Mid(l[46].Mid(l[47])) }

// InterEye returns the distance between the eye centres in pixels.
func (l *Landmarks) InterEye() float64 { return l.LeftEye().Dist(l.RightEye()) }

// Roll returns the angle of the eye line in degrees, positive when the right
// end of the line is lower.
func (l *Landmarks) Roll() float64 {
	d := l.RightEye().Sub(l.LeftEye())
	return math.Atan2(d.Y, d.X) * 180 / math.Pi
}

// Five returns the alignment points in template order: left eye, right eye,
// nose tip, left and right mouth corner.
func (l *Landmarks) Five() [5]Point {
	return [5]Point{l.LeftEye(), l.RightEye(), l[30], l[48].Mid(l[60]), l[54].Mid(l[64])}
}

// Pose is the rotation of the head in degrees. Yaw is positive when the nose
// points to the left of the picture, pitch as the network gives it, roll is
// that of the eye line.
type Pose struct{ Yaw, Pitch, Roll float64 }

// Quality tells how far a face can be trusted to compare well.
type Quality struct {
	Score     float64 // unified quality, 0 (worst) .. 100
	Norm      float64 // length of the template before normalising
	Sharpness float64 // variance of the Laplacian of the aligned grey face
	FaceSize  float64 // height of the face box in pixels
	InterEye  float64 // distance between the eyes in pixels
	Issues    []Issue
}

// PAD holds the probabilities of passive presentation attack detection; the
// three add up to 1. Live is compared with Calibration.Live.
type PAD struct{ Live, Attack2D, Attack3D float64 }

// Want selects what an analysis computes beside detection and landmarks.
type Want uint8

// The parts of an analysis. DetectOnly is the zero value.
const (
	DetectOnly   Want = 0
	WantTemplate Want = 1
	WantPose     Want = 2
	WantPAD      Want = 4
	Everything        = WantTemplate | WantPose | WantPAD
)

// Has reports whether all of part is wanted.
func (w Want) Has(part Want) bool { return w&part == part }

// Face is one analysed face. What was not wanted may be zero or nil.
type Face struct {
	Box            Box
	DetectionScore float64 // 0..1
	Landmarks      Landmarks
	Pose           Pose
	Quality        Quality
	Template       *match.Template // nil when not wanted or not possible
	Vector         []float32       // unit length; only for evaluation, never stored
	PAD            *PAD
}

// Analysis is the result for one picture. Primary is the largest and most
// central face; it is nil only when Code is NotFound. Its template is missing
// when Code is TooSmall.
type Analysis struct {
	Faces   int   // all faces that were detected, the background included
	Boxes   []Box // the boxes of all of them, highest detection score first
	Primary *Face
	Code    Code
}

// Usable reports whether the primary face may be compared: the code is OK or
// Multiple. Callers that demand a lone person check for OK.
func (a Analysis) Usable() bool { return a.Code == OK || a.Code == Multiple }

// Model identifies the recogniser whose templates can be compared with one
// another.
type Model struct {
	ID              string
	Hash            [32]byte // sha256 of the recognition weights as shipped
	Short           uint32   // model number in every template: first four bytes of Hash, little endian, for template version 1
	Dim             int
	TemplateVersion int
	Calibration     Calibration
}

// Name tells models apart even when an operator gives two of them one ID: it
// is the ID with the number that every template carries.
func (m Model) Name() string { return fmt.Sprintf("%s:%08x", m.ID, m.Short) }

// Engine analyses pictures. It is safe for concurrent use.
type Engine interface {
	// Analyse finds the primary face and computes at least what is wanted. It answers
	// FACE_ENGINE_UNAVAILABLE (kind Unavailable) when the engine is not ready,
	// and the context's error when it is cancelled.
	Analyse(ctx context.Context, img image.Image, want Want) (Analysis, error)
	// Model returns the identity of the recogniser, the zero Model if none.
	Model() Model
	// Ready returns nil, or why the engine cannot work.
	Ready() error
}

// ErrUnavailable is what an engine answers that cannot work.
var ErrUnavailable = idem.Errorf(idem.Unavailable, "FACE_ENGINE_UNAVAILABLE", "the face engine is not available")

// Unavailable returns ErrUnavailable with a reason that the client may see and
// the logged cause; cause may be nil.
func Unavailable(reason string, cause error) error {
	e := *ErrUnavailable
	e.Message += ": " + reason
	e.Cause = cause
	return &e
}

// None is the engine of a node without networks: every analysis is refused.
type None struct{ Reason string }

// Analyse answers FACE_ENGINE_UNAVAILABLE.
func (n None) Analyse(context.Context, image.Image, Want) (Analysis, error) {
	return Analysis{}, n.Ready()
}

// Model returns the zero Model.
func (n None) Model() Model { return Model{} }

// Ready tells why there is no engine.
func (n None) Ready() error { return Unavailable(n.Reason, nil) }
