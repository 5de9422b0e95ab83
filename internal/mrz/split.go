package mrz

import "strings"

// maxText is far beyond the 93 characters of the longest zone.
const maxText = 512

// Split cuts text into the lines of a zone: text of several lines at their
// ends, with blanks around each line removed, and text without line ends, such
// as chips hold, by its length. Parse judges the lines.
func Split(text string) ([]string, error) {
	if len(text) > maxText {
		return nil, ErrMalformed
	}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.Trim(lines[i], " \t")
	}
	if len(lines) != 1 {
		return lines, nil
	}
	return joined(lines[0])
}

func joined(text string) ([]string, error) {
	width := map[int]int{90: 30, 72: 36, 88: 44}[len(text)]
	if width == 0 {
		return nil, ErrMalformed
	}
	var lines []string
	for ; text != ""; text = text[width:] {
		lines = append(lines, text[:width])
	}
	return lines, nil
}
