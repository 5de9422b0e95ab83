package personal

import "github.com/idem-id/idem"

// at returns the digit at a place.
func (n *Number) at(i int) int { return int(n.Value[i] - '0') }

// two returns the two-digit number at a place.
func (n *Number) two(i int) int { return 10*n.at(i) + n.at(i+1) }

// weighted sums the first digits, each times its weight.
func (n *Number) weighted(weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += w * n.at(i)
	}
	return sum
}

// born sets the date of birth and reports whether it exists.
func (n *Number) born(year, month, day int) bool {
	n.Birth = idem.Date{Year: year, Month: month, Day: day}
	return n.Birth.Complete()
}

// oddMale sets the sex by a digit: odd for men, even for women.
func (n *Number) oddMale(digit int) {
	n.Sex = idem.Female
	if digit%2 == 1 {
		n.Sex = idem.Male
	}
}

// kazakhstan reads an IIN: YYMMDD, a digit for century and sex, four digits
// and the check digit. Century 0 states neither birth nor sex.
func kazakhstan(n *Number) Reason {
	century := n.at(6)
	switch {
	case century > 6:
		return WrongCentury
	case !n.born([...]int{2000, 1800, 1800, 1900, 1900, 2000, 2000}[century]+n.two(0), n.two(2), n.two(4)):
		return WrongDate
	case century == 0:
		n.Birth = idem.Date{}
	default:
		n.oddMale(century)
	}
	digit, ok := idem.IINCheckDigit(n.Value[:11])
	if !ok {
		return NeverIssued
	}
	return n.check(11, int(digit-'0'))
}

// check compares the digit at a place.
func (n *Number) check(i, want int) Reason {
	if n.at(i) != want {
		return WrongDigit
	}
	return ""
}

// poland reads a PESEL: YYMMDD with the century added to the month in steps of
// 20, four digits of which the last tells the sex, and the check digit.
func poland(n *Number) Reason {
	century := [...]int{1900, 2000, 2100, 2200, 1800}[n.two(2)/20]
	if !n.born(century+n.two(0), n.two(2)%20, n.two(4)) {
		return WrongDate
	}
	n.oddMale(n.at(9))
	return n.check(10, (10-n.weighted(1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10)
}

// baltic reads the personal code of Estonia and Lithuania: a digit for century
// and sex, YYMMDD, three digits and the check digit. Lithuania's rare codes
// that begin with 9 or leave the date open are refused.
func baltic(n *Number) Reason {
	first := n.at(0)
	if first < 1 || first > 8 {
		return WrongCentury
	}
	if !n.born(1800+(first-1)/2*100+n.two(1), n.two(3), n.two(5)) {
		return WrongDate
	}
	n.oddMale(first)
	k := n.weighted(1, 2, 3, 4, 5, 6, 7, 8, 9, 1) % 11
	if k == 10 {
		k = n.weighted(3, 4, 5, 6, 7, 8, 9, 1, 2, 3) % 11 % 10
	}
	return n.check(10, k)
}

// romania reads a CNP: a digit for century and sex, YYMMDD, the county, three
// digits and the check digit. The digits 7 to 9 are of residents from abroad
// and state no century; 9 states no sex either.
func romania(n *Number) Reason {
	first := n.at(0)
	if first == 0 {
		return WrongCentury
	}
	century := [...]int{0, 1900, 1900, 1800, 1800, 2000, 2000, 2000, 2000, 2000}[first]
	if !n.born(century+n.two(1), n.two(3), n.two(5)) {
		return WrongDate
	}
	if first > 6 {
		n.Birth = idem.Date{}
	}
	if first < 9 {
		n.oddMale(first)
	}
	k := n.weighted(2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11
	if k == 10 {
		k = 1
	}
	return n.check(12, k)
}

// china reads a resident identity number: six digits of the region, YYYYMMDD,
// three digits of which the last tells the sex, and the check character by ISO
// 7064 MOD 11-2.
func china(n *Number) Reason {
	if !n.born(100*n.two(6)+n.two(8), n.two(10), n.two(12)) {
		return WrongDate
	}
	n.oddMale(n.at(16))
	sum := n.weighted(7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2) % 11
	if n.Value[17] != "10X98765432"[sum] {
		return WrongDigit
	}
	return ""
}

// turkey reads an identity number, which states nothing of its holder: nine
// digits, not beginning with 0, and two check digits.
func turkey(n *Number) Reason {
	if n.at(0) == 0 {
		return WrongCharacter
	}
	tenth := (7*n.weighted(1, 0, 1, 0, 1, 0, 1, 0, 1) + 9*n.weighted(0, 1, 0, 1, 0, 1, 0, 1)) % 10
	if why := n.check(9, tenth); why != "" {
		return why
	}
	return n.check(10, n.weighted(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)%10)
}
