package picture

import "image"

// orient turns the raster upright by its EXIF orientation 1..8.
func (r raster) orient(turn int) raster {
	if turn < 2 || turn > 8 {
		return r
	}
	out := raster{w: r.w, h: r.h, ratio: r.ratio, planes: make([]plane, len(r.planes))}
	if turn >= 5 {
		out.w, out.h, out.ratio = r.h, r.w, transposed(r.ratio)
	}
	for i, p := range r.planes {
		out.planes[i] = p.orient(turn)
	}
	return out
}

func transposed(ratio image.YCbCrSubsampleRatio) image.YCbCrSubsampleRatio {
	switch ratio {
	case image.YCbCrSubsampleRatio422:
		return image.YCbCrSubsampleRatio440
	case image.YCbCrSubsampleRatio440:
		return image.YCbCrSubsampleRatio422
	}
	return ratio
}

// orient walks the source in the order of the target. Orientations are those
// of Exif 2.3, 4.6.4 A: where row 0 and column 0 of the file are shown.
func (p plane) orient(turn int) plane {
	right, down := p.n, p.stride // one source step to the right and down
	lastX, lastY := (p.w-1)*right, (p.h-1)*down
	start, dx, dy := 0, right, down
	switch turn {
	case 2:
		start, dx = lastX, -right
	case 3:
		start, dx, dy = lastX+lastY, -right, -down
	case 4:
		start, dy = lastY, -down
	case 5:
		dx, dy = down, right
	case 6:
		start, dx, dy = lastY, -down, right
	case 7:
		start, dx, dy = lastX+lastY, -down, -right
	case 8:
		start, dx, dy = lastX, down, -right
	}
	w, h := p.w, p.h
	if turn >= 5 {
		w, h = h, w
	}
	return p.walk(w, h, start, dx, dy)
}

func (p plane) walk(w, h, start, dx, dy int) plane {
	out := newPlane(w, h, p.n)
	at := 0
	for y := range h {
		from := start + y*dy
		for range w {
			copy(out.pix[at:at+p.n], p.pix[from:from+p.n])
			at += p.n
			from += dx
		}
	}
	return out
}
