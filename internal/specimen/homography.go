package specimen

import "math"

// homography maps the quad onto the unit square: a 3 x 3 matrix by rows whose
// last element is 1 before inversion.
type homography [9]float64

// toUnit returns the projective map that takes the corners of q to (0,0),
// (1,0), (1,1) and (0,1). The way back has a closed form, which is inverted.
func (q Quad) toUnit() homography {
	dx1, dx2, dx3 := q[1][0]-q[2][0], q[3][0]-q[2][0], q[0][0]-q[1][0]+q[2][0]-q[3][0]
	dy1, dy2, dy3 := q[1][1]-q[2][1], q[3][1]-q[2][1], q[0][1]-q[1][1]+q[2][1]-q[3][1]
	det := dx1*dy2 - dx2*dy1
	g, h := (dx3*dy2-dx2*dy3)/det, (dx1*dy3-dx3*dy1)/det
	return homography{
		q[1][0] - q[0][0] + g*q[1][0], q[3][0] - q[0][0] + h*q[3][0], q[0][0],
		q[1][1] - q[0][1] + g*q[1][1], q[3][1] - q[0][1] + h*q[3][1], q[0][1],
		g, h, 1,
	}.inverse()
}

// inverse returns the adjugate, which is the inverse up to scale.
func (m homography) inverse() homography {
	return homography{
		m[4]*m[8] - m[5]*m[7], m[2]*m[7] - m[1]*m[8], m[1]*m[5] - m[2]*m[4],
		m[5]*m[6] - m[3]*m[8], m[0]*m[8] - m[2]*m[6], m[2]*m[3] - m[0]*m[5],
		m[3]*m[7] - m[4]*m[6], m[1]*m[6] - m[0]*m[7], m[0]*m[4] - m[1]*m[3],
	}
}

func (m homography) apply(x, y float64) (u, v float64) {
	w := m[6]*x + m[7]*y + m[8]
	return (m[0]*x + m[1]*y + m[2]) / w, (m[3]*x + m[4]*y + m[5]) / w
}

// side returns the length of an edge of the quad.
func (q Quad) side(i int) float64 {
	j := (i + 1) % 4
	return math.Hypot(q[j][0]-q[i][0], q[j][1]-q[i][1])
}
