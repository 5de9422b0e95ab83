package liveness_test

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// shot scripts what one frame shows.
type shot struct {
	who        string // "" shows no face
	yaw, pitch float64
	size       float64 // height of the face in a frame of 480; 0 is 160
	x          float64 // of the face's centre; 0 is the middle, 320
	attack     bool
	faces      int
	flat       bool // proportions stay when the size changes
	repeat     bool // the very picture of the frame before
}

// rendered is a sequence that a scripted engine reads back: each picture
// carries its number.
type rendered struct {
	shots []shot
	every time.Duration
}

func (r rendered) frames() []tech.Frame {
	out := make([]tech.Frame, len(r.shots))
	number := 0
	for i, s := range r.shots {
		if !s.repeat {
			number = i
		}
		img := image.NewGray16(image.Rect(0, 0, 640, 480))
		img.SetGray16(0, 0, color.Gray16{Y: uint16(number) << 8})
		out[i] = tech.Frame{Image: img, At: time.Duration(i) * r.every}
	}
	return out
}

// script is the engine that reads rendered frames.
type script struct {
	facetest.Fake
	shots []shot
}

func (e script) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	s := e.shots[img.(*image.Gray16).Gray16At(0, 0).Y>>8]
	if s.who == "" {
		return face.Analysis{Code: face.NotFound}, nil
	}
	a, err := e.Fake.Analyse(ctx, facetest.Picture(s.who, uint8(img.(*image.Gray16).Gray16At(0, 0).Y>>8)), want)
	if err != nil {
		return a, err
	}
	s.pose(a.Primary)
	if s.faces > 1 {
		a.Faces, a.Code = s.faces, face.Multiple
	}
	return a, nil
}

func (s shot) pose(f *face.Face) {
	size, x := s.size, s.x
	if size == 0 {
		size = 160
	}
	if x == 0 {
		x = 320
	}
	f.Box = face.Box{X0: x, Y0: 240, X1: x, Y1: 240}.Square(size)
	f.Pose = face.Pose{Yaw: s.yaw, Pitch: s.pitch}
	f.Quality.Score = 80 - abs(s.yaw)/10
	width := 2.2
	if !s.flat {
		width -= size / 160 * 0.05 // a near head looks narrower at the ears
	}
	f.Landmarks = landmarks(x, size/3, width)
	if s.attack {
		f.PAD = &face.PAD{Live: 0.02, Attack2D: 0.98}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// landmarks places what the judgement reads: eyes and the ends of the jaw.
func landmarks(x, interEye, width float64) (l face.Landmarks) {
	for i := range l {
		l[i] = face.Point{X: x, Y: 240}
	}
	for i := 36; i < 48; i++ {
		l[i].X = x - interEye/2
		if i >= 42 {
			l[i].X = x + interEye/2
		}
	}
	l[0].X, l[16].X = x-width*interEye/2, x+width*interEye/2
	return l
}

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func technology(t *testing.T, code idem.TechCode, shots []shot, now time.Time) tech.Technology {
	t.Helper()
	all := liveness.New(script{shots: shots}, func() time.Time { return now })
	i := slices.IndexFunc(all, func(x tech.Technology) bool { return x.Code() == code })
	return all[i]
}

func run(t *testing.T, code idem.TechCode, shots []shot, challenge []byte) (tech.Outcome, *liveness.Result) {
	t.Helper()
	r := rendered{shots: shots, every: 200 * time.Millisecond}
	out, err := technology(t, code, shots, start.Add(20*time.Second)).Run(t.Context(), tech.Evidence{Frames: r.frames(), Challenge: challenge})
	if err != nil {
		t.Fatal(err)
	}
	return out, out.Details.(*liveness.Result)
}

// ask is a challenge drawn at the start.
func ask(t *testing.T, moves ...liveness.Move) []byte {
	t.Helper()
	kept, err := json.Marshal(map[string]any{"moves": moves, "at": start})
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func still(who string, n int) (list []shot) {
	for range n {
		list = append(list, shot{who: who})
	}
	return list
}

// turn moves a head there and back in five frames.
func turn(who string, yaw, pitch float64) (list []shot) {
	for _, part := range []float64{0.4, 0.8, 1, 0.6, 0} {
		list = append(list, shot{who: who, yaw: part * yaw, pitch: part * pitch})
	}
	return list
}

func head() []shot { // LEFT, UP, RIGHT
	return slices.Concat(still("ann", 4), turn("ann", -30, 2), turn("ann", 1, 20), turn("ann", 28, -3))
}

func approach(sizes ...float64) (list []shot) {
	for _, s := range sizes {
		list = append(list, shot{who: "ann", size: s})
	}
	return list
}

func TestLiveness_PassiveFrame(t *testing.T) {
	out, r := run(t, idem.TechLivenessShort, still("ann", 1), nil)
	if !out.Passed || r.Prediction < 0.9 || !r.Centred || r.Direction != liveness.Forward || r.Best != 0 || r.EyesClosed != nil || out.Face == nil {
		t.Errorf("a living face: %+v, %+v", out, r)
	}
	for name, c := range map[string]struct {
		shot
		want tech.Reason
	}{
		"attack":     {shot{who: "ann", attack: true}, liveness.LowPrediction},
		"nobody":     {shot{}, liveness.FaceNotFound},
		"two":        {shot{who: "ann", faces: 2}, liveness.SeveralFaces},
		"turned":     {shot{who: "ann", yaw: 40}, liveness.Turned},
		"at an edge": {shot{who: "ann", x: 80}, liveness.NotCentred},
	} {
		out, _ := run(t, idem.TechLivenessShort, []shot{c.shot}, nil)
		if out.Passed || !slices.Contains(out.Reasons, c.want) {
			t.Errorf("%s: %+v", name, out.Reasons)
		}
	}
}

func TestLiveness_MedianOfFrames(t *testing.T) {
	frames := still("ann", 5)
	frames[1].attack, frames[3].attack = true, true
	if out, r := run(t, idem.TechLivenessShort, frames, nil); !out.Passed {
		t.Errorf("two bad frames of five: %v, prediction %v", out.Reasons, r.Prediction)
	}
	frames[4].attack = true
	if out, _ := run(t, idem.TechLivenessShort, frames, nil); out.Passed {
		t.Error("three bad frames of five passed")
	}
	if out, _ := run(t, idem.TechLivenessShort, []shot{{who: "ann"}, {who: "ann"}, {who: "ann", attack: true}}, nil); out.Passed {
		t.Error("one bad frame of three passed: below five the lowest decides")
	}
	if out, _ := run(t, idem.TechLivenessShort, append(still("ann", 4), still("bob", 1)...), nil); !slices.Contains(out.Reasons, liveness.FaceChanged) {
		t.Errorf("another person in the last frame: %v", out.Reasons)
	}
}

func TestLiveness_HeadPosition(t *testing.T) {
	out, r := run(t, idem.TechLivenessHead, head(), ask(t, "LEFT", "UP", "RIGHT"))
	if !out.Passed || len(r.Done) != 3 || r.Frames[r.Done[0]].Pose.Yaw != -24 && r.Frames[r.Done[0]].Pose.Yaw != -30 {
		t.Errorf("the asked turns: %v, done at %v", out.Reasons, r.Done)
	}
	if r.Best < 0 || abs(r.Frames[r.Best].Pose.Yaw) > 5 {
		t.Errorf("the best frame is %d", r.Best)
	}
}

func TestLiveness_HeadPositionAttacks(t *testing.T) {
	swapped := head()
	for i := 12; i < len(swapped); i++ {
		swapped[i].who = "bob"
	}
	screen := head()
	for i := range screen {
		screen[i].attack = true
	}
	jump := head()
	for i := 10; i < len(jump); i++ {
		jump[i].x = 560
	}
	lost := head()
	for i := 10; i < 13; i++ {
		lost[i] = shot{}
	}
	replayed := slices.Repeat([]shot{{who: "ann"}}, 19)
	for i := 1; i < len(replayed); i++ {
		replayed[i].repeat = true
	}
	watcher := head()
	watcher[6].faces = 2
	for name, c := range map[string]struct {
		shots []shot
		want  tech.Reason
	}{
		"another person half way":  {swapped, liveness.FaceChanged},
		"a screen":                 {screen, liveness.LowPrediction},
		"the face jumps":           {jump, liveness.FaceJumped},
		"out of sight":             {lost, liveness.FaceLost},
		"one picture again":        {replayed, liveness.TooFewFrames},
		"a face at rest":           {still("ann", 19), liveness.MovesMissing},
		"another order":            {slices.Concat(still("ann", 4), turn("ann", 30, 0), turn("ann", 0, 20), turn("ann", -30, 0)), liveness.WrongMove},
		"a second face looks in":   {watcher, liveness.SeveralFaces},
		"never facing the camera":  {turnedAll(19), liveness.Turned},
		"stops after two of three": {head()[:14], liveness.MovesMissing},
	} {
		out, _ := run(t, idem.TechLivenessHead, c.shots, ask(t, "LEFT", "UP", "RIGHT"))
		if out.Passed || !slices.Contains(out.Reasons, c.want) {
			t.Errorf("%s: %v, want %s", name, out.Reasons, c.want)
		}
	}
}

func turnedAll(n int) []shot {
	list := still("ann", n)
	for i := range list {
		list[i].yaw = 35
	}
	return list
}

func TestLiveness_Times(t *testing.T) {
	shots := head()
	for name, c := range map[string]struct {
		spoil func([]tech.Frame)
		now   time.Duration
		want  tech.Reason
	}{
		"out of order": {func(f []tech.Frame) { f[3].At, f[4].At = f[4].At, f[3].At }, 20 * time.Second, liveness.FramesOutOfOrder},
		"without times": {func(f []tech.Frame) {
			for i := range f {
				f[i].At = 0
			}
		}, 20 * time.Second, liveness.FramesOutOfOrder},
		"a gap": {func(f []tech.Frame) {
			for i := 9; i < len(f); i++ {
				f[i].At += 5 * time.Second
			}
		}, 20 * time.Second, liveness.FramesMissing},
		"too fast": {func(f []tech.Frame) {
			for i := range f {
				f[i].At /= 10
			}
		}, 20 * time.Second, liveness.TooFast},
		"longer than since the challenge": {func([]tech.Frame) {}, time.Second, liveness.TooSlow},
	} {
		frames := rendered{shots: shots, every: 200 * time.Millisecond}.frames()
		c.spoil(frames)
		out, err := technology(t, idem.TechLivenessHead, shots, start.Add(c.now)).
			Run(t.Context(), tech.Evidence{Frames: frames, Challenge: ask(t, "LEFT", "UP", "RIGHT")})
		if err != nil || out.Passed || !slices.Contains(out.Reasons, c.want) {
			t.Errorf("%s: %v, %v", name, out.Reasons, err)
		}
	}
}

func TestLiveness_Distance(t *testing.T) {
	sizes := approach(120, 120, 120, 140, 165, 190, 220, 220, 220, 190, 160, 135, 120, 120)
	out, r := run(t, idem.TechLivenessDistance, sizes, ask(t, "CLOSER", "AWAY"))
	if !out.Passed || len(out.Warnings) > 0 || r.Perspective == nil || *r.Perspective > -0.01 {
		t.Errorf("a head that comes and goes: %v, %v, perspective %v", out.Reasons, out.Warnings, r.Perspective)
	}
	further := approach(180, 180, 180, 150, 118, 108, 108, 108, 130, 150, 162, 162) // 1.5 times 108, less than 1.5 times 118
	if out, r := run(t, idem.TechLivenessDistance, further, ask(t, "AWAY", "CLOSER")); !out.Passed || len(r.Done) != 2 {
		t.Errorf("a head that goes further than it must: %v, done at %v", out.Reasons, r.Done)
	}
	for i := range sizes {
		sizes[i].flat = true
	}
	out, _ = run(t, idem.TechLivenessDistance, sizes, ask(t, "CLOSER", "AWAY"))
	if !out.Passed || !slices.Contains(out.Warnings, liveness.FlatPerspective) {
		t.Errorf("a picture that comes and goes is not doubted: %v, %v", out.Reasons, out.Warnings)
	}
	for name, c := range map[string]struct {
		shots []shot
		want  tech.Reason
	}{
		"stays":         {approach(120, 121, 122, 123, 124, 125, 126, 127, 128, 129), liveness.MovesMissing},
		"goes":          {approach(220, 220, 220, 180, 150, 130, 120, 120), liveness.WrongMove},
		"half way back": {approach(120, 120, 120, 140, 165, 190, 220, 220, 190, 165, 150, 150), liveness.MovesMissing},
		"at a bound":    {approach(120, 120, 120, 240, 240, 240, 120, 120), liveness.FaceJumped},
	} {
		out, _ := run(t, idem.TechLivenessDistance, c.shots, ask(t, "CLOSER", "AWAY"))
		if out.Passed || !slices.Contains(out.Reasons, c.want) {
			t.Errorf("%s: %v, want %s", name, out.Reasons, c.want)
		}
	}
}

func TestLiveness_ProAsksForBoth(t *testing.T) {
	shots := slices.Concat(still("ann", 4), turn("ann", -30, 0), approach(190, 220, 245, 245, 245, 200, 160, 160), turn("ann", 0, -20))
	if out, r := run(t, idem.TechLivenessPro, shots, ask(t, "LEFT", "CLOSER", "AWAY", "DOWN")); !out.Passed {
		t.Errorf("turns and distance: %v, done %v", out.Reasons, r.Done)
	}
}

func TestLiveness_ChallengesAreDrawn(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		asks := technology(t, idem.TechLivenessHead, nil, start).(tech.Challenger)
		c, err := asks.Challenge(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		moves := c.Shown.(liveness.Asked).Moves
		if len(moves) != 4 || c.Valid != 2*time.Minute {
			t.Fatalf("challenge %+v", c)
		}
		for i := 1; i < len(moves); i++ {
			if moves[i] == moves[i-1] {
				t.Errorf("%v asks twice for the same", moves)
			}
		}
		seen[string(c.Memo)] = true
	}
	if len(seen) < 60 { // 200 draws out of 108 orders
		t.Errorf("200 challenges have only %d orders", len(seen))
	}
}

func TestLiveness_DistancesAreDrawn(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		c, err := technology(t, idem.TechLivenessDistance, nil, start).(tech.Challenger).Challenge(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		moves := c.Shown.(liveness.Asked).Moves
		for i := 1; i < len(moves); i++ {
			if moves[i] == moves[i-1] {
				t.Errorf("%v: distances do not take turns", moves)
			}
		}
		seen[string(c.Memo)] = true
	}
	if len(seen) != 4 {
		t.Errorf("100 challenges have %d orders, want 4", len(seen))
	}
}

func TestLiveness_Refusals(t *testing.T) {
	live := still("ann", 5)
	frames := rendered{shots: live, every: time.Second}.frames()
	if _, err := technology(t, idem.TechLivenessHead, live, start).Run(t.Context(), tech.Evidence{Frames: frames}); !errors.Is(err, liveness.ErrChallengeRequired) {
		t.Errorf("without a challenge: %v", err)
	}
	passive := technology(t, idem.TechLivenessShort, live, start)
	if _, asks := passive.(tech.Challenger); asks {
		t.Error("the passive technology asks")
	}
	if _, err := passive.Run(t.Context(), tech.Evidence{}); !errors.Is(err, tech.ErrEvidenceMissing) {
		t.Errorf("without frames: %v", err)
	}
	if _, err := passive.Run(t.Context(), tech.Evidence{Frames: make([]tech.Frame, 41)}); !errors.Is(err, liveness.ErrTooManyFrames) {
		t.Errorf("with 41 frames: %v", err)
	}
}
