package main

import (
	"fmt"
	"math"
)

// A family is a distribution of templates.
type family struct {
	name     string
	spectrum []float64 // standard deviations of a vector's coordinates before the rotation
	groups   int       // of people who resemble each other
	share    float64   // cosine that two people of a group have on average
	floors   []float64 // that searches have; about one impostor in a million reaches the first
}

// decaying is the family of d dimensions whose spectrum decays exponentially.
func decaying(d int) family {
	s := make([]float64, d)
	for i := range s {
		s[i] = math.Exp(-float64(i) / float64(d))
	}
	return family{fmt.Sprintf("%d dimensions", d), powers(s, impostorStd(d)), 64, 0.05, []float64{floorOf(d)}}
}

// floorOf is a floor that about one impostor in a million reaches.
func floorOf(d int) float64 {
	switch {
	case d >= 512:
		return 0.35
	case d >= 256:
		return 0.40
	}
	return 0.45
}

// impostorStd is the standard deviation of impostor scores that templates of d
// dimensions are made with: what 512, 256 and 128 dimensions of a recogniser
// have, and in between by the same law.
func impostorStd(d int) float64 {
	switch d {
	case 512:
		return 0.0685
	case 256:
		return 0.0879
	case 128:
		return 0.1083
	}
	return 0.0685 * math.Pow(512/float64(d), 1.0/3)
}

// powers returns the spectrum raised to the power that gives two independent
// vectors a cosine of the wanted standard deviation. It must decay.
func powers(spectrum []float64, std float64) []float64 {
	low, high := 0.0, 50.0
	for range 60 {
		if a := (low + high) / 2; cosineStd(raised(spectrum, a)) < std {
			low = a
		} else {
			high = a
		}
	}
	return raised(spectrum, low)
}

func raised(spectrum []float64, a float64) []float64 {
	s := make([]float64, len(spectrum))
	for i, x := range spectrum {
		s[i] = math.Pow(x, a)
	}
	return s
}

// cosineStd is sqrt(sum of squared variances) / sum of variances.
func cosineStd(spectrum []float64) float64 {
	var two, four float64
	for _, s := range spectrum {
		two += s * s
		four += s * s * s * s
	}
	return math.Sqrt(four) / two
}

// fitted is the family of the default recogniser: spectrum, groups and spread
// are those of the templates of 882 pictures of 500 people from Labeled Faces in
// the Wild, of which these numbers keep nothing else. Its 512 dimensions are
// worth some 150.
func fitted() family {
	s := make([]float64, 512)
	for i, v := range fittedVariances {
		s[i] = math.Sqrt(v)
	}
	return family{"512 dimensions with the spectrum of the default recogniser", powers(s, 0.0925), 16, 0.20, []float64{0.56, 0.42}}
}

// fittedVariances are the largest, in hundred-thousandths of their sum.
var fittedVariances = []float64{
	2654, 2253, 2140, 2103, 2007, 1945, 1846, 1793, 1783, 1678, 1648, 1622, 1593, 1579, 1539, 1499, 1456, 1416, 1394, 1378, 1357, 1296, 1280, 1269,
	1221, 1185, 1180, 1148, 1130, 1107, 1104, 1053, 1028, 1024, 1009, 991, 973, 964, 935, 914, 909, 898, 888, 876, 861, 828, 816, 797,
	797, 762, 745, 740, 728, 721, 701, 691, 682, 658, 653, 645, 633, 619, 608, 599, 586, 578, 569, 563, 559, 544, 537, 534,
	527, 520, 494, 491, 485, 476, 465, 456, 455, 447, 432, 418, 414, 411, 406, 395, 389, 382, 377, 369, 358, 352, 347, 344,
	333, 325, 323, 316, 310, 304, 302, 297, 290, 284, 278, 270, 263, 258, 255, 247, 238, 233, 232, 227, 220, 215, 210, 201,
	199, 194, 189, 182, 178, 175, 168, 166, 158, 150, 145, 142, 134, 130, 129, 121, 110, 108, 102, 93, 89, 82, 80, 61,
	53, 40, 32, 29, 21,
}
