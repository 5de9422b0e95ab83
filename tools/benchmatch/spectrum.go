package main

import (
	"math"
	"slices"
)

// eigenvalues are those of the second moments of the rows, scaled to length
// one: what shape their cloud has, the largest first. They add up to one.
func eigenvalues(r rows) []float64 {
	m := secondMoments(r)
	for range 12 { // sweeps: the rest falls off quadratically
		for i := range m {
			for j := range i {
				annihilate(m, i, j)
			}
		}
	}
	all := make([]float64, r.d)
	for i := range all {
		all[i] = m[i][i]
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all
}

func secondMoments(r rows) [][]float64 {
	m := make([][]float64, r.d)
	for i := range m {
		m[i] = make([]float64, r.d)
	}
	for k := range r.len() {
		row := r.row(k)
		scale := 1 / float64(product(row, row)) / float64(r.len())
		for i, a := range row {
			for j, b := range row {
				m[i][j] += float64(a) * float64(b) * scale
			}
		}
	}
	return m
}

// annihilate is Jacobi's rotation of a symmetric matrix that makes m[i][j] zero.
func annihilate(m [][]float64, i, j int) {
	if m[i][j] == 0 {
		return
	}
	theta := (m[j][j] - m[i][i]) / (2 * m[i][j])
	t := math.Copysign(1, theta) / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	for k := range m {
		m[k][i], m[k][j] = c*m[k][i]-s*m[k][j], s*m[k][i]+c*m[k][j]
	}
	a, b := m[i], m[j]
	for k := range a {
		a[k], b[k] = c*a[k]-s*b[k], s*a[k]+c*b[k]
	}
}
