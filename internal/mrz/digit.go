package mrz

// CheckDigit computes the check digit over the parts, read as one: values 0-9
// for digits, 10-35 for letters and 0 for fillers, weights 7 3 1, modulo 10.
// The digit is blind to <, 0, A, K and U for one another, whose values are all
// 0 modulo 10.
func CheckDigit(parts ...string) byte {
	sum, i := 0, 0
	for _, p := range parts {
		for _, b := range []byte(p) {
			sum += value(b) * [3]int{7, 3, 1}[i%3]
			i++
		}
	}
	return '0' + byte(sum%10)
}

func value(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'A' && b <= 'Z':
		return int(b-'A') + 10
	}
	return 0
}
