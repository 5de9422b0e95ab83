package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/demo"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/flow/flowtest/visitor"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// The load of sessions: how many visitors at once, and how many warm the server
// up.
const (
	flowClients = 4
	flowWarmUp  = 30
)

// play is what visitors go through.
type play struct {
	name     string
	flow     []string
	visitors int
	visitor  func(c *cast, face demo.Portrait, n int) (visitor.Visitor, error)
}

// The plays: a chip with a portrait, or a photographed passport; then one
// picture of the camera and the comparison of both faces.
var (
	chipPlay  = play{"ED, LDS, F2F", []string{client.ElectronicDocument, client.LivenessShort, client.Face2Face}, 200, (*cast).withChip}
	photoPlay = play{"LDS, DR, F2F", []string{client.LivenessShort, client.DocumentRecognition, client.Face2Face}, 60, (*cast).withPhotograph}
)

// cast is who goes through flows, and the technologies alone.
type cast struct {
	issuer  *edoctest.Issuer
	fonts   *specimen.Fonts
	faces   []demo.Portrait // that pass everything
	engine  *ort.Engine
	text    *ocr.Engine
	decoder *picture.Decoder
	ed      tech.Technology
	dr      tech.Technology
	lds     tech.Technology
	f2f     tech.Technology
	next    int // number of the next visitor
}

// newCast finds the sample people whose second capture passes liveness and
// resembles their portrait.
func (b *bench) newCast(ctx context.Context) (c *cast, err error) {
	c = &cast{decoder: picture.NewDecoder(picture.DefaultLimits(), nil), text: ocr.Open(b.models, ocr.Options{Workers: 2})}
	if c.issuer, err = edoctest.Found(edoctest.P256(), "UT"); err != nil {
		return nil, err
	}
	roots := trust.Open(filepath.Join(b.work, "trust"))
	if _, err := roots.Import(c.issuer.Root); err != nil {
		return nil, err
	}
	if c.fonts, err = specimen.LoadFonts(specimen.FontFolder); err != nil {
		return nil, err
	}
	portraits, err := b.portraits(ctx)
	if err != nil {
		return nil, err
	}
	if c.engine, err = b.engine(2); err != nil {
		return nil, err
	}
	c.ed = edocument.New(edocument.Deps{Travel: roots, Mobile: roots, Decoder: c.decoder})
	c.dr = document.New(c.text, c.engine, document.Options{Specimen: true})
	c.lds, c.f2f = liveness.New(c.engine, time.Now)[0], facematch.New(c.engine)
	return c, c.choose(ctx, portraits)
}

// choose keeps the faces that pass in every play.
func (c *cast) choose(ctx context.Context, portraits []demo.Portrait) error {
	for _, p := range portraits {
		good := true
		for _, play := range []play{chipPlay, photoPlay} {
			v, err := play.visitor(c, p, 0)
			if err != nil {
				return err
			}
			good = good && c.runAlone(ctx, v) == nil
		}
		if good {
			c.faces = append(c.faces, p)
		}
	}
	if len(c.faces) == 0 {
		return errors.New("no sample person passes all technologies")
	}
	return nil
}

func (c *cast) close() { _ = errors.Join(c.engine.Close(), c.text.Close()) }

func (c *cast) withChip(face demo.Portrait, n int) (visitor.Visitor, error) {
	return visitor.New(c.issuer, face, n)
}

func (c *cast) withPhotograph(face demo.Portrait, n int) (visitor.Visitor, error) {
	return visitor.Photographed(c.fonts, face, n)
}

// visitors makes people of new names and numbers, the faces in turn.
func (c *cast) visitors(p play, n int) ([]visitor.Visitor, error) {
	list := make([]visitor.Visitor, n)
	for i := range list {
		c.next++
		var err error
		if list[i], err = p.visitor(c, c.faces[i%len(c.faces)], c.next); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// runAlone runs the technologies of a session on what a visitor shows, without
// a server: decoding and all, each passed.
func (c *cast) runAlone(ctx context.Context, v visitor.Visitor) error {
	document, shown := c.ed, check.Files{Chip: v.Chip}
	if v.Page != nil {
		document, shown = c.dr, check.Files{Pages: [][]byte{v.Page}}
	}
	holder, err := c.passes(ctx, document, shown, nil)
	if err != nil {
		return err
	}
	if _, err := c.passes(ctx, c.lds, check.Files{Frames: [][]byte{v.Frame}}, nil); err != nil {
		return err
	}
	_, err = c.passes(ctx, c.f2f, check.Files{Probe: v.Frame, FMR: 1e-4}, holder.Face)
	return err
}

func (c *cast) passes(ctx context.Context, t tech.Technology, f check.Files, reference image.Image) (tech.Outcome, error) {
	in, err := f.Evidence(ctx, c.decoder)
	if err != nil {
		return tech.Outcome{}, err
	}
	if reference != nil {
		in.Reference.Image = reference
	}
	out, err := t.Run(ctx, in)
	if err == nil && !out.Passed {
		err = fmt.Errorf("%s did not pass: %v", t.Code(), out.Reasons)
	}
	return out, err
}

// alone is the processor time of the technologies of one session, two sessions
// at once as on the server.
func (c *cast) alone(ctx context.Context, p play) (time.Duration, error) {
	list, err := c.visitors(p, 8*len(c.faces))
	if err != nil {
		return 0, err
	}
	from := cpu()
	l := drive(2, 5*time.Second, func(n int64) error { return c.runAlone(ctx, list[int(n)%len(list)]) })
	return (cpu() - from) / time.Duration(l.requests), l.firstProblem
}

// flowLoad is what a crowd came to.
type flowLoad struct {
	perSecond float64
	cpu       time.Duration // of the server for one session, with all that follows from it
	found     visitor.Findings
}

// measure sends visitors through a fresh server and audits what came of them.
func (c *cast) measure(ctx context.Context, b *bench, name string, p play, collect bool) (l flowLoad, err error) {
	st, err := b.newStage(ctx, name, c.issuer, p, collect)
	if err != nil {
		return l, err
	}
	defer st.close()
	if _, _, err := c.send(ctx, st, p, flowWarmUp); err != nil {
		return l, err
	}
	from, err := st.cpu()
	if err != nil {
		return l, err
	}
	crowd, took, err := c.send(ctx, st, p, p.visitors)
	if err != nil {
		return l, err
	}
	to, err := st.cpu()
	if err != nil {
		return l, err
	}
	l.perSecond, l.cpu = float64(p.visitors)/took.Seconds(), (to-from)/time.Duration(p.visitors)
	if collect {
		l.found, err = crowd.Await(ctx, st.api, st.inbox, 10*time.Second)
	}
	if err == nil && len(l.found.Faults) > 0 {
		err = fmt.Errorf("%d faults: %s", len(l.found.Faults), l.found.Faults[0])
	}
	return l, err
}

// send sends a crowd through the flow, and waits until nothing follows from it
// any more: the time is that of the crowd.
func (c *cast) send(ctx context.Context, st *stage, p play, n int) (*visitor.Crowd, time.Duration, error) {
	list, err := c.visitors(p, n)
	if err != nil {
		return nil, 0, err
	}
	crowd := visitor.NewCrowd(*st.flow.Key, list)
	began := time.Now()
	err = crowd.Go(ctx, st.url, flowClients)
	took := time.Since(began)
	for quiet := false; err == nil && !quiet; time.Sleep(100 * time.Millisecond) {
		if quiet = crowd.Told(st.inbox); quiet {
			quiet, err = st.collected(ctx)
		}
		if err == nil {
			err = ctx.Err()
		}
	}
	return crowd, took, err
}

// collected reports whether no session waits for its collection.
func (st *stage) collected(ctx context.Context) (bool, error) {
	for _, err := range st.api.Collections(ctx, client.CollectionsQuery{State: client.CollectionQueued, PageSize: 1}) {
		return false, err
	}
	return true, nil
}

func (l flowLoad) lagRow(of string) row {
	lags := slices.Sorted(slices.Values(l.found.Lags))
	return row{"from the end of a session to its person, " + of, fmt.Sprintf("median %.0f ms, p99 %.0f ms",
		float64(median(lags))/1e6, float64(lags[len(lags)*99/100])/1e6), "p99 ≤ 2 s"}
}

// killed ends the server by kill -9 in the middle of the load and starts it
// again.
func (c *cast) killed(ctx context.Context, b *bench) ([]row, error) {
	st, err := b.newStage(ctx, "killed", c.issuer, chipPlay, true)
	if err != nil {
		return nil, err
	}
	defer func() { st.close() }()
	list, err := c.visitors(chipPlay, chipPlay.visitors)
	if err != nil {
		return nil, err
	}
	crowd, gone := visitor.NewCrowd(*st.flow.Key, list), make(chan error, 1)
	go func() { gone <- crowd.Go(ctx, st.url, flowClients) }()
	for crowd.Finished() < chipPlay.visitors/2 && len(gone) == 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	crowd.Stop()
	_ = st.cmd.Process.Signal(syscall.SIGKILL)
	_ = st.cmd.Wait()
	if err := <-gone; err != nil {
		return nil, err
	}
	acknowledged := crowd.Finished()
	if err := st.start(ctx, st.secret); err != nil {
		return nil, err
	}
	resumed, err := crowd.Resume(ctx, st.url)
	if err != nil {
		return nil, fmt.Errorf("go on with a session: %w", err)
	}
	found, err := crowd.Await(ctx, st.api, st.inbox, 2*time.Minute)
	if err == nil && len(found.Faults) > 0 {
		err = fmt.Errorf("%d faults: %s", len(found.Faults), strings.Join(found.Faults, "; "))
	}
	return []row{{"kill -9 in the middle of the load, SQLite", fmt.Sprintf("%d sessions finished before, %d went on; %d lost or collected twice, %d events came again",
		acknowledged, resumed, len(found.Faults), found.Again), "0 lost"}}, err
}
