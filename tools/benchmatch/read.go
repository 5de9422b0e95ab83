package main

import "github.com/idem-id/idem/internal/stream"

// A reader reads every cache line of a plane once and returns something that
// depends on it. Which form is the fastest depends on the machine and on what
// lies in its caches; so there are several, and the best one is the reference.
type reader struct {
	name string
	read func(words []uint64) uint64
}

func readers() []reader {
	return []reader{
		{"prefetched", func(words []uint64) uint64 { return stream.Read(as[byte](words)) }},
		{"every word", everyWord},
		{"a word of each cache line", everyLine},
		{"every word, 4 streams", fourStreams},
		{"a word of each line, 4 streams", fourLineStreams},
	}
}

// everyWord loads all words of a line before the next line.
func everyWord(words []uint64) uint64 {
	var a, b, c, d uint64
	for len(words) >= 16 {
		w := (*[16]uint64)(words)
		a += w[0] + w[4] + w[8] + w[12]
		b += w[1] + w[5] + w[9] + w[13]
		c += w[2] + w[6] + w[10] + w[14]
		d += w[3] + w[7] + w[11] + w[15]
		words = words[16:]
	}
	return a + b + c + d
}

// everyLine loads one word of each line of 64 bytes: the line travels all the
// same.
func everyLine(words []uint64) uint64 {
	var a, b, c, d uint64
	for len(words) >= 64 {
		w := (*[64]uint64)(words)
		a += w[0] + w[32]
		b += w[8] + w[40]
		c += w[16] + w[48]
		d += w[24] + w[56]
		words = words[64:]
	}
	return a + b + c + d
}

// quarters splits a plane; several streams keep more lines under way.
func quarters(words []uint64) (a, b, c, d []uint64) {
	n := len(words) / 4
	return words[:n], words[n : 2*n], words[2*n : 3*n], words[3*n : 4*n]
}

func fourStreams(words []uint64) uint64 {
	a, b, c, d := quarters(words)
	var s, t, u, v uint64
	for len(a) >= 8 && len(b) >= 8 && len(c) >= 8 && len(d) >= 8 {
		s += eight((*[8]uint64)(a))
		t += eight((*[8]uint64)(b))
		u += eight((*[8]uint64)(c))
		v += eight((*[8]uint64)(d))
		a, b, c, d = a[8:], b[8:], c[8:], d[8:]
	}
	return s + t + u + v
}

func eight(w *[8]uint64) uint64 {
	return w[0] + w[1] + w[2] + w[3] + w[4] + w[5] + w[6] + w[7]
}

func fourLineStreams(words []uint64) uint64 {
	a, b, c, d := quarters(words)
	var s, t, u, v uint64
	for len(a) >= 16 && len(b) >= 16 && len(c) >= 16 && len(d) >= 16 {
		s += a[0] + a[8]
		t += b[0] + b[8]
		u += c[0] + c[8]
		v += d[0] + d[8]
		a, b, c, d = a[16:], b[16:], c[16:], d[16:]
	}
	return s + t + u + v
}
