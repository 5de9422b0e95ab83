package liveness

import (
	"cmp"
	"context"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
)

// The false match rates at which faces of one sequence are taken for one
// person: of two that face the camera, and of two that turn.
const (
	strictFMR = 1e-4
	looseFMR  = 1e-2
)

// technology is one of the four over a face engine.
type technology struct {
	code   idem.TechCode
	engine face.Engine
	now    func() time.Time
}

// active is one that asks first.
type active struct{ *technology }

// New returns the four technologies. now is the server's clock.
func New(engine face.Engine, now func() time.Time) []tech.Technology {
	list := []tech.Technology{&technology{idem.TechLivenessShort, engine, now}}
	for _, code := range []idem.TechCode{idem.TechLivenessHead, idem.TechLivenessDistance, idem.TechLivenessPro} {
		list = append(list, active{&technology{code, engine, now}})
	}
	return list
}

// Code names the technology.
func (t *technology) Code() idem.TechCode { return t.code }

// Ready returns nil, or why the face engine cannot work.
func (t *technology) Ready() error { return t.engine.Ready() }

// Challenge draws moves.
func (t active) Challenge(context.Context) (tech.Challenge, error) { return challenge(t.code, t.now()) }

// Run judges Evidence.Frames at rest. It refuses with EVIDENCE_MISSING without
// frames and with FRAMES_TOO_MANY beyond 40. The details are a *Result.
func (t *technology) Run(ctx context.Context, in tech.Evidence) (tech.Outcome, error) {
	return t.judge(ctx, in, (*judge).passive)
}

// Run judges Evidence.Frames, with their times, as the answer to
// Evidence.Challenge; CHALLENGE_REQUIRED without one. For the rest see the
// passive Run.
func (t active) Run(ctx context.Context, in tech.Evidence) (tech.Outcome, error) {
	m, err := readMemo(in.Challenge)
	if err != nil {
		return tech.Outcome{}, err
	}
	return t.judge(ctx, in, func(j *judge) { j.active(m, t.now()) })
}

func (t *technology) judge(ctx context.Context, in tech.Evidence, by func(*judge)) (tech.Outcome, error) {
	c := t.engine.Model().Calibration
	strict, err := c.Threshold(strictFMR)
	if err != nil {
		return tech.Outcome{}, err
	}
	loose, err := c.Threshold(looseFMR)
	if err != nil {
		return tech.Outcome{}, err
	}
	r := &Result{Type: t.code, Threshold: c.Live, Best: -1}
	if r.Frames, err = observe(ctx, t.engine, in.Frames); err != nil {
		return tech.Outcome{}, err
	}
	j := &judge{result: r, frames: distinct(r.Frames), strict: strict, loose: loose}
	by(j)
	out := tech.Outcome{Technology: t.code, Passed: !j.failed(), Reasons: j.reasons, Warnings: j.warnings, Details: r}
	if best := j.best(); best != nil {
		r.Best, r.Centred = best.index, best.centred
		r.Direction = cmp.Or(direction(best.Pose.Yaw, best.Pose.Pitch), Forward)
		out.Face, out.JPEG = in.Frames[r.Best].Image, in.Frames[r.Best].JPEG
	}
	return out, nil
}
