package ingest

import (
	"encoding/binary"
	"time"
)

// checkCharacters are those of GB 11643, by the weighted sum of the first 17
// digits modulo 11 (ISO 7064 MOD 11-2).
const checkCharacters = "10X98765432"

// monthDays are the days of each month in a leap year.
var monthDays = [13]uint8{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// ParsePerson reads a person as requests name it, and appends the canonical form to dst.
//
// For a resident ID, digits17 are its first 17 digits and resident is true; the
// area is not looked up, the check character and the date of birth are verified.
// For any other document the canonical form, under 256 bytes, is the identity.
// now is the server's clock in Unix seconds. With !ok dst is as it was.
func ParsePerson(dst, text []byte, now int64) (canonical []byte, digits17 uint64, resident, ok bool) {
	return parsePerson(dst, text, latestBirthday(now))
}

// AppendResident appends the 18 characters of a resident ID to dst.
func AppendResident(dst []byte, digits17 uint64) []byte {
	var id [18]byte
	sum := uint(0)
	for i := 16; i >= 0; i-- {
		id[i] = '0' + byte(digits17%10)
		digits17 /= 10
	}
	for _, c := range id[:17] {
		sum = (sum + uint(c-'0')) * 2 % 11
	}
	id[17] = checkCharacters[sum]
	return append(dst, id[:]...)
}

// latestBirthday is the newest date of birth anyone can have, as yyyymmdd: the date
// in the zone furthest ahead of UTC.
func latestBirthday(now int64) int {
	y, m, d := time.Unix(now+14*3600, 0).UTC().Date()
	return y*10000 + int(m)*100 + d
}

func parsePerson(dst, text []byte, today int) (canonical []byte, digits17 uint64, resident, ok bool) {
	switch {
	case len(text) == 18:
		if digits17, ok = parseResident(text, today); ok {
			return AppendResident(dst, digits17), digits17, true, true
		}
	case len(text) == 15:
		if digits17, ok = parseOldResident(text, today); ok {
			return AppendResident(dst, digits17), digits17, true, true
		}
	}
	canonical, ok = parseDocument(dst, text)
	return canonical, 0, false, ok
}

// parseResident reads the 18 characters of a resident ID. It is on the path of every
// scan: digits are taken eight at a time, and the weighted sum of four of them is
// one multiplication.
func parseResident(t []byte, today int) (digits17 uint64, ok bool) {
	digits17, ok = parse18(t)
	if !ok {
		return 0, false
	}
	birth := int(parse8(binary.LittleEndian.Uint64(t[6:])))
	return digits17, isDate(birth) && birth >= MinBirthYear*10000 && birth <= today
}

// parse18 reads 17 digits and their check character. REQUIRES: len(t) == 18.
func parse18(t []byte) (digits17 uint64, ok bool) {
	_ = t[17]
	a, b := binary.LittleEndian.Uint64(t), binary.LittleEndian.Uint64(t[8:])
	c := t[16] - '0'
	if !digits8(a) || !digits8(b) || c > 9 {
		return 0, false
	}
	sum := weigh(a, 7, 10, 8, 2) + weigh(a>>8, 9, 5, 4, 1) + weigh(b, 6, 7, 10, 8) + weigh(b>>8, 3, 9, 5, 4) + uint64(c)*2
	want, got := checkCharacters[sum%11], t[17]
	if got == 'x' {
		got = 'X'
	}
	return (parse8(a)*100_000_000+parse8(b))*10 + uint64(c), got == want
}

// weigh is the sum of the digits in bytes 0, 2, 4 and 6 of w times their weights.
// The four products meet in the top 16 bits; no lane below overflows (4 × 9 × 10).
func weigh(w, w0, w2, w4, w6 uint64) uint64 {
	return w & 0x000f000f000f000f * (w0<<48 | w2<<32 | w4<<16 | w6) >> 48
}

// isDate tells whether yyyymmdd is a day of the calendar.
func isDate(yyyymmdd int) bool {
	y, m, d := yyyymmdd/10000, yyyymmdd/100%100, yyyymmdd%100
	if m < 1 || m > 12 || d < 1 || d > int(monthDays[m]) {
		return false
	}
	return m != 2 || d < 29 || isLeap(y)
}

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

// parseOldResident reads a 15-digit ID of before 1999: the century is 19, and the
// check character follows.
func parseOldResident(t []byte, today int) (digits17 uint64, ok bool) {
	var id [18]byte
	copy(id[:], t[:6])
	copy(id[6:], "19")
	copy(id[8:17], t[6:])
	for _, c := range id[:17] {
		if !isDigit(c) {
			return 0, false
		}
		digits17 = digits17*10 + uint64(c-'0')
	}
	AppendResident(id[:0], digits17)
	return parseResident(id[:], today)
}

// parseDocument reads TYPE:VALUE and appends its canonical form to dst: the type in
// lower case, letters of the value in upper case but for none, whose numbers are the
// issuing station's own.
func parseDocument(dst, text []byte) (canonical []byte, ok bool) {
	n := 0
	for n < len(text) && n < 9 && text[n] != ':' {
		n++
	}
	if n == len(text) || n == 9 || len(text) > MaxTextBytes {
		return dst, false
	}
	mark := len(dst)
	for _, c := range text[:n] {
		dst = append(dst, lower(c))
	}
	kind, v := dst[mark:], text[n+1:]
	dst = append(dst, ':')
	start := len(dst)
	dst = append(dst, v...)
	switch v = dst[start:]; string(kind) {
	case "passport":
		ok = isPassport(upper(v))
	case "hkm":
		if upper(v); len(v) == 9 || len(v) == 11 {
			ok = (v[0] == 'H' || v[0] == 'M') && allDigits(v[1:])
			dst = dst[:start+9]
		}
	case "twn":
		if len(v) == 8 || len(v) == 10 {
			ok = allDigits(v)
			dst = dst[:start+8]
		}
	case "frp":
		ok = isForeignResident(upper(v))
	case "none":
		ok = isUndocumented(v)
	}
	if !ok {
		return dst[:mark], false
	}
	return dst, true
}

// isPassport: country of 3 letters, colon, number of 5 to 20 letters and digits.
func isPassport(v []byte) bool {
	if len(v) < 4+5 || len(v) > 4+20 || v[3] != ':' || !allLetters(v[:3]) {
		return false
	}
	for _, c := range v[4:] {
		if !isDigit(c) && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isForeignResident: 3 letters and 12 digits, or since 2023 the 18 characters of a
// resident ID that start with 9.
func isForeignResident(v []byte) bool {
	if len(v) == 15 {
		return allLetters(v[:3]) && allDigits(v[3:])
	}
	if len(v) != 18 || v[0] != '9' {
		return false
	}
	_, ok := parse18(v)
	return ok
}

// isUndocumented: area of 2 to 20 digits, colon, number of 1 to 32 name characters.
func isUndocumented(v []byte) bool {
	n := 0
	for n < len(v) && isDigit(v[n]) {
		n++
	}
	return n >= 2 && n <= 20 && n < len(v) && v[n] == ':' && isName(v[n+1:])
}

// IsArea tells whether text is the code of an area.
func IsArea(text []byte) bool { return isArea(text) }

// isArea: 2 to 20 digits.
func isArea(v []byte) bool { return len(v) >= 2 && len(v) <= 20 && allDigits(v) }

func allDigits(v []byte) bool {
	for _, c := range v {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func allLetters(v []byte) bool {
	for _, c := range v {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// upper turns the letters of v to upper case in place.
func upper(v []byte) []byte {
	for i, c := range v {
		if c >= 'a' && c <= 'z' {
			v[i] = c - ('a' - 'A')
		}
	}
	return v
}
