package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/idem-id/idem"
)

// Worker runs the program again as a process that decodes one picture. The
// program's command must call RunWorker with its standard input and output.
type Worker struct {
	Path string   // the program
	Args []string // the command, "worker" by default
}

// SelfWorker returns a worker that starts the running program with the
// argument "worker" and those given, which name what is to be done instead of
// decoding a picture.
func SelfWorker(args ...string) (*Worker, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running program: %w", err)
	}
	return &Worker{Path: path, Args: append([]string{"worker"}, args...)}, nil
}

// The protocol: a request is the limits and the file, an answer is a status,
// the shape of the image and its planes. Numbers are little endian.
type request struct{ Pixels, MinSide, MaxSide uint32 }

type answer struct{ Status, Planes, Width, Height, Channels, Ratio uint32 }

const (
	statusOK uint32 = iota
	statusUndecodable
	statusTooLarge
	statusTooSmall
)

// workerTime bounds a worker whose caller set no deadline.
const workerTime = 15 * time.Second

func (w *Worker) decode(ctx context.Context, data []byte, l Limits) (raster, error) {
	out, err := w.Run(ctx, io.MultiReader(bytes.NewReader(requestBytes(l)), bytes.NewReader(data)), 4*l.Pixels+4096)
	if err != nil {
		return raster{}, err
	}
	return readAnswer(bytes.NewBuffer(out), l)
}

// Run starts the worker's process, hands it the input and returns what it
// answers, at most limit bytes. A process that dies over its input is
// ErrUndecodable, one that does not start is of kind Unavailable, and a
// context that ends ends the process.
func (w *Worker) Run(ctx context.Context, in io.Reader, limit int) ([]byte, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, workerTime)
		defer cancel()
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, w.Path, w.Args...)
	cmd.Env = workerEnv()
	cmd.Stdin = in
	cmd.Stdout = &capped{b: &out, left: limit}
	cmd.WaitDelay = time.Second
	isolate(cmd)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("run a worker: %w", ctx.Err())
		}
		return nil, workerFailure(err)
	}
	return out.Bytes(), nil
}

// workerFailure tells a worker that died over its picture from one that could
// not be started.
func workerFailure(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return ErrUndecodable.Because(err)
	}
	return &idem.Error{Kind: idem.Unavailable, Code: "IMAGE_WORKER_UNAVAILABLE", Message: "images of this type cannot be decoded now", Cause: err}
}

// workerEnv hides the parent's environment, which holds keys, and keeps the
// garbage collector below the address space limit.
func workerEnv() []string { return []string{"GOMEMLIMIT=1GiB", "GOTRACEBACK=none"} }

func requestBytes(l Limits) []byte {
	r := request{uint32(l.Pixels), uint32(l.MinSide), uint32(l.MaxSide)}
	b, _ := binary.Append(nil, binary.LittleEndian, r) // fixed size: cannot fail
	return b
}

func readAnswer(out *bytes.Buffer, l Limits) (raster, error) {
	var a answer
	if err := binary.Read(out, binary.LittleEndian, &a); err != nil {
		return raster{}, ErrUndecodable.Because(err)
	}
	switch a.Status {
	case statusOK:
		return a.raster(out.Bytes(), l)
	case statusTooLarge:
		return raster{}, ErrTooLarge
	case statusTooSmall:
		return raster{}, ErrTooSmall
	}
	return raster{}, ErrUndecodable
}

// raster checks every number: a worker taken over by its picture may say
// anything.
func (a answer) raster(pix []byte, l Limits) (raster, error) {
	if a.Width > uint32(l.MaxSide) || a.Height > uint32(l.MaxSide) || a.Ratio > uint32(image.YCbCrSubsampleRatio440) {
		return raster{}, ErrUndecodable
	}
	oneOf := a.Planes == 1 && (a.Channels == 1 || a.Channels == 4) || a.Planes == 3 && a.Channels == 1
	if !oneOf {
		return raster{}, ErrUndecodable
	}
	r := raster{w: int(a.Width), h: int(a.Height), ratio: image.YCbCrSubsampleRatio(a.Ratio)}
	for i := range int(a.Planes) {
		w, h := r.w, r.h
		if i > 0 {
			w, h = chroma(r.ratio, w, h)
		}
		size := w * h * int(a.Channels)
		if size == 0 || size > len(pix) {
			return raster{}, ErrUndecodable
		}
		r.planes = append(r.planes, plane{pix[:size:size], w * int(a.Channels), w, h, int(a.Channels)})
		pix = pix[size:]
	}
	return r, nil
}

// capped is a buffer that refuses more than it may hold.
type capped struct {
	b    *bytes.Buffer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	if len(p) > c.left {
		return 0, errors.New("worker answers too much")
	}
	c.left -= len(p)
	return c.b.Write(p)
}

// RunWorker is the body of the worker command: it limits its own process,
// reads one request from in and writes the answer to out. It is called once
// per process.
func RunWorker(in io.Reader, out io.Writer) error {
	if err := Confine(); err != nil {
		return fmt.Errorf("limit the worker: %w", err)
	}
	var req request
	if err := binary.Read(in, binary.LittleEndian, &req); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(in, 64<<20))
	if err != nil {
		return fmt.Errorf("read image: %w", err)
	}
	l := Limits{Bytes: len(data), Pixels: int(req.Pixels), MinSide: int(req.MinSide), MaxSide: int(req.MaxSide)}
	r, err := decodeForeign(data, l)
	if err != nil {
		return binary.Write(out, binary.LittleEndian, answer{Status: statusOf(err)})
	}
	return writeAnswer(out, r)
}

func decodeForeign(data []byte, l Limits) (r raster, err error) {
	defer recoverTo(&err)
	format, decode := HEIC, decodeHEIC
	if f, _ := sniffPortrait(data); f == JPEG2000 {
		format, decode = f, decodeJP2
	} else if !isHEIC(data) {
		return raster{}, ErrUnsupported
	}
	if err := inspectAs(format, data, l); err != nil {
		return raster{}, err
	}
	img, err := decode(data)
	if err != nil {
		return raster{}, err
	}
	return rasterOf(img), nil
}

func statusOf(err error) uint32 {
	switch {
	case errors.Is(err, ErrTooLarge):
		return statusTooLarge
	case errors.Is(err, ErrTooSmall):
		return statusTooSmall
	}
	return statusUndecodable
}

func writeAnswer(out io.Writer, r raster) error {
	a := answer{Planes: uint32(len(r.planes)), Width: uint32(r.w), Height: uint32(r.h), Channels: uint32(r.planes[0].n), Ratio: uint32(r.ratio)}
	if err := binary.Write(out, binary.LittleEndian, a); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	for _, p := range r.planes {
		for y := range p.h {
			if _, err := out.Write(p.pix[y*p.stride : y*p.stride+p.w*p.n]); err != nil {
				return fmt.Errorf("write plane: %w", err)
			}
		}
	}
	return nil
}
