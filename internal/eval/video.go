package eval

import (
	"fmt"
	"maps"
	"slices"

	"github.com/idem-id/idem/internal/tech/liveness"
)

// VideoDetection is the result of attack detection over videos: groups of frames
// that are judged together, as the liveness technologies judge them. A video
// without a frontal face is a non-response and counts as rejected.
type VideoDetection struct {
	Videos      int      `json:"videos"`
	BonaFide    int      `json:"bona_fide"`
	Attacks     int      `json:"attacks"`
	NonResponse Rate     `json:"non_response"`
	Short       int      `json:"short"` // of fewer frontal frames than the median is taken of; the lowest decides
	At          PADPoint `json:"at_threshold"`
}

// video collects the frames of one group.
type video struct {
	presented
	frames []*liveness.Observation
}

// videos judges the groups of rows, whose fourth column names the group.
func videos(rows [][]string, frames []presented, samples []sample, threshold float64) (*VideoDetection, error) {
	groups := map[string]*video{}
	for i, row := range rows {
		name, f := row[3], frames[i]
		if name == "" {
			return nil, fmt.Errorf("%s: the group is empty", f.file)
		}
		v := groups[name]
		if v == nil {
			v = &video{presented: presented{file: name, attack: f.attack, bonaFide: f.bonaFide}}
			groups[name] = v
		}
		if v.attack != f.attack || v.bonaFide != f.bonaFide {
			return nil, fmt.Errorf("%s: group %q has frames of another label or attack", f.file, name)
		}
		if samples[i].seen != nil { // nil where nobody could decode the picture
			v.frames = append(v.frames, samples[i].seen)
		}
	}
	return judgeVideos(groups, threshold), nil
}

func judgeVideos(groups map[string]*video, threshold float64) *VideoDetection {
	d := &VideoDetection{Videos: len(groups)}
	var all []presented
	silent := 0
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		v := groups[name]
		n := 0
		switch v.live, n = liveness.Predict(v.frames); {
		case n == 0:
			v.live = failed
			silent++
		case n < liveness.MedianFrames:
			d.Short++
		}
		if v.bonaFide {
			d.BonaFide++
		} else {
			d.Attacks++
		}
		all = append(all, v.presented)
	}
	d.NonResponse, d.At = rate(silent, d.Videos), pointOf(all, threshold)
	return d
}

// text writes the videos with the single frames beside them.
func (d *VideoDetection) text(p *printer, frame PADPoint) {
	p.line("\nvideos: %d bona fide, %d attacks, non-response %s, %d of fewer than %d frontal frames", d.BonaFide, d.Attacks, d.NonResponse, d.Short, liveness.MedianFrames)
	p.line("%-22s %-39s %s", fmt.Sprintf("at %.2f (95 %% Wilson)", d.At.Threshold), "video", "single frame")
	p.line("%-22s %-39s %s", "APCER, worst type", d.At.APCER, frame.APCER)
	for _, kind := range slices.Sorted(maps.Keys(d.At.ByType)) {
		p.line("%-22s %-39s %s", "  "+kind, d.At.ByType[kind], frame.ByType[kind])
	}
	p.line("%-22s %-39s %s", "BPCER", d.At.BPCER, frame.BPCER)
	p.line("%-22s %-39s %s", "ACER", percent(d.At.ACER), percent(frame.ACER))
	p.line("Frames of one video are not independent: the intervals of single frames are too narrow.")
}
