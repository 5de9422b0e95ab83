package report

import (
	"fmt"
	"strings"

	"github.com/idem-id/idem/internal/tech/liveness"
)

// Liveness tells what the frames showed.
type Liveness struct {
	Prediction  float64  `json:"prediction" doc:"The probability that a living person is seen, 0 to 1: the median over five frames and more, the lowest of fewer."`
	Threshold   float64  `json:"threshold" doc:"What prediction must reach."`
	Centred     bool     `json:"face_centred" doc:"Of the best frame."`
	Direction   string   `json:"face_direction" enum:"forward,left,right,up,down," doc:"Where the face of the best frame looks, as the person says it; empty without a face."`
	EyesClosed  *bool    `json:"eyes_closed" doc:"null: not judged."`
	Best        *int     `json:"best_frame" doc:"The frame to keep, counted from 0; null without a face."`
	Asked       []string `json:"asked" nullable:"false" doc:"The moves of the challenge."`
	Done        []int    `json:"done" nullable:"false" doc:"For each move done, the frame that shows it."`
	Perspective *float64 `json:"perspective" doc:"By how much the proportions of the face changed from far to near; null when it did not come near."`
	Frames      []Frame  `json:"frames" nullable:"false"`
}

// Frame tells what one frame showed.
type Frame struct {
	At       int64   `json:"time_ms"`
	Code     string  `json:"code" enum:"OK,FACE_MULTIPLE,FACE_LOW_QUALITY,FACE_TOO_SMALL,FACE_NOT_FOUND,"`
	Faces    int     `json:"faces"`
	Box      *Box    `json:"box" doc:"null without a face."`
	Yaw      float64 `json:"yaw" doc:"Degrees, positive when the nose points to the left of the picture."`
	Pitch    float64 `json:"pitch"`
	Roll     float64 `json:"roll"`
	Live     float64 `json:"live" doc:"The network's word on this frame alone, 0 to 1."`
	Quality  float64 `json:"quality" doc:"0 to 100."`
	Repeated bool    `json:"repeated" doc:"The very picture of an earlier frame; not judged."`
}

// LivenessOf reports a check of liveness.
func LivenessOf(r *liveness.Result) Liveness {
	out := Liveness{Prediction: r.Prediction, Threshold: r.Threshold, Centred: r.Centred, Direction: string(r.Direction), EyesClosed: r.EyesClosed,
		Asked: texts(r.Asked), Done: append([]int{}, r.Done...), Perspective: r.Perspective, Frames: make([]Frame, len(r.Frames))}
	if r.Best >= 0 {
		out.Best = &r.Best
	}
	for i, o := range r.Frames {
		out.Frames[i] = Frame{At: o.At.Milliseconds(), Code: string(o.Code), Faces: o.Faces, Yaw: o.Pose.Yaw, Pitch: o.Pose.Pitch, Roll: o.Pose.Roll,
			Live: o.Live, Quality: o.Quality, Repeated: o.Repeated}
		if o.Faces > 0 {
			box := BoxOf(o.Box)
			out.Frames[i].Box = &box
		}
	}
	return out
}

func (l Liveness) lines() []Line {
	out := []Line{{"prediction", fmt.Sprintf("%.3f (threshold %.3f)", l.Prediction, l.Threshold)}}
	if l.Best != nil {
		out = append(out, Line{"best frame", fmt.Sprintf("%d of %d, looking %s", *l.Best+1, len(l.Frames), l.Direction)})
	}
	if len(l.Asked) > 0 {
		out = append(out, Line{"moves", fmt.Sprintf("%s; %d done", strings.Join(l.Asked, ", "), len(l.Done))})
	}
	for i, f := range l.Frames {
		text := f.Code
		if f.Box != nil {
			text = fmt.Sprintf("%s, live %.3f, quality %.0f, yaw %+.0f, pitch %+.0f, height %.0f", f.Code, f.Live, f.Quality, f.Yaw, f.Pitch, f.Box.Height)
		}
		out = append(out, Line{fmt.Sprintf("frame %d", i+1), text})
	}
	return out
}
